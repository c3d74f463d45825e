"""The tables of SuiteCRM 7.12 that the packs touch, as its installer makes them: three-byte utf8, no foreign keys, whole seconds."""

_BEAN = """id char(36) not null primary key, name {name}, date_entered datetime, date_modified datetime, modified_user_id char(36),
    created_by char(36), description text, deleted tinyint(1) default 0, assigned_user_id char(36)"""


def _amounts(*names: str) -> str:
    return ", ".join(f"{name} decimal(26,6), {name}_usdollar decimal(26,6)" for name in names)


def _address(kind: str) -> str:
    return (
        f"{kind}_address_street varchar(150), {kind}_address_city varchar(100), {kind}_address_state varchar(100), "
        f"{kind}_address_postalcode varchar(20), {kind}_address_country varchar(255)"
    )


_DOCUMENT = f"""billing_account_id char(36), billing_contact_id char(36), {_address("billing")}, {_address("shipping")}, number int(11) not null,
    {_amounts("total_amt", "subtotal_amount", "discount_amount", "tax_amount", "shipping_amount", "total_amount")},
    shipping_tax varchar(100), {_amounts("shipping_tax_amt", "subtotal_tax_amount")}, currency_id char(36), template_ddown_c text"""

_TABLES = {
    "accounts": f"""{_BEAN}, account_type varchar(50), industry varchar(50), annual_revenue varchar(100), phone_fax varchar(100),
        {_address("billing")}, rating varchar(100), phone_office varchar(100), phone_alternate varchar(100), website varchar(255),
        ownership varchar(100), employees varchar(10), ticker_symbol varchar(10), {_address("shipping")}, parent_id char(36),
        sic_code varchar(10), campaign_id char(36), key idx_accnt_id_del (id, deleted), key idx_accnt_name_del (name, deleted)""",
    "accounts_cstm": """id_c char(36) not null primary key, jjwg_maps_lng_c float(11,8) default 0, jjwg_maps_lat_c float(10,8) default 0,
        jjwg_maps_geocode_status_c varchar(255), jjwg_maps_address_c varchar(255), erp_code_c varchar(40)""",
    "email_addresses": """id char(36) not null primary key, email_address varchar(255), email_address_caps varchar(255),
        invalid_email tinyint(1) default 0, opt_out tinyint(1) default 0, confirm_opt_in varchar(255) default 'not-opt-in',
        confirm_opt_in_date datetime, confirm_opt_in_sent_date datetime, confirm_opt_in_fail_date datetime, confirm_opt_in_token varchar(255),
        date_created datetime, date_modified datetime, deleted tinyint(1) default 0,
        key idx_ea_caps_opt_out_invalid (email_address_caps, opt_out, invalid_email)""",
    "email_addr_bean_rel": """id char(36) not null primary key, email_address_id char(36) not null, bean_id char(36) not null,
        bean_module varchar(100), primary_address tinyint(1) default 0, reply_to_address tinyint(1) default 0, date_created datetime,
        date_modified datetime, deleted tinyint(1) default 0, key idx_email_address_id (email_address_id),
        key idx_bean_id (bean_id, bean_module)""",
    "aos_products": f"""{_BEAN}, maincode varchar(100) default 'XXXX', part_number varchar(25), category varchar(100),
        type varchar(100) default 'Good', {_amounts("cost", "price")}, currency_id char(36), url varchar(255), contact_id char(36),
        product_image varchar(255), aos_product_category_id char(36)""",
    "aos_quotes": f"""{_BEAN}, {_DOCUMENT}, approval_issue text, expiration date, opportunity_id char(36), stage varchar(100) default 'Draft',
        term varchar(100), terms_c text, approval_status varchar(100), invoice_status varchar(100) default 'Not Invoiced'""",
    "aos_invoices": f"""{_BEAN}, {_DOCUMENT}, quote_number int(11), quote_date date, invoice_date date, due_date date, status varchar(100)""",
    "aos_line_item_groups": f"""{_BEAN}, {_amounts("total_amt", "discount_amount", "subtotal_amount", "tax_amount")},
        {_amounts("subtotal_tax_amount", "total_amount")}, parent_type varchar(100), parent_id char(36), number int(11),
        currency_id char(36)""",
    "aos_products_quotes": f"""{_BEAN}, currency_id char(36), part_number varchar(255), item_description text, number int(11),
        product_qty decimal(18,4), {_amounts("product_cost_price", "product_list_price", "product_discount", "product_discount_amount")},
        discount varchar(255) default 'Percentage', {_amounts("product_unit_price", "vat_amt", "product_total_price")},
        vat varchar(100) default '5.0', parent_type varchar(100), parent_id char(36), product_id char(36), group_id char(36),
        key idx_aospq_par_del (parent_id, parent_type, deleted)""",
    "leads": f"""{_BEAN.replace("name {name}, ", "")}, salutation varchar(255), first_name varchar(100), last_name varchar(100),
        title varchar(100), department varchar(100), do_not_call tinyint(1) default 0, phone_home varchar(100), phone_mobile varchar(100),
        phone_work varchar(100), phone_other varchar(100), phone_fax varchar(100), {_address("primary")}, {_address("alt")},
        converted tinyint(1) default 0, refered_by varchar(100), lead_source varchar(100), lead_source_description text,
        status varchar(100), status_description text, account_name varchar(255), account_description text, contact_id char(36),
        account_id char(36), opportunity_id char(36), opportunity_name varchar(255), opportunity_amount varchar(50),
        website varchar(255)""",
    "opportunities": f"""{_BEAN}, opportunity_type varchar(255), campaign_id char(36), lead_source varchar(50), amount double,
        amount_usdollar double, currency_id char(36), date_closed date, next_step varchar(100), sales_stage varchar(255),
        probability double""",
    "accounts_opportunities": """id varchar(36) not null primary key, opportunity_id varchar(36), account_id varchar(36),
        date_modified datetime, deleted tinyint(1) default 0, key idx_acc_opp_acc (account_id),
        key idx_a_o_opp_acc_del (opportunity_id, account_id, deleted)""",
    "cases": f"""{_BEAN}, case_number int(11) not null auto_increment, type varchar(255), status varchar(100), priority varchar(100),
        resolution text, work_log text, account_id char(36), state varchar(100) default 'Open', contact_created_by_id char(36),
        unique key casesnumk (case_number)""",
    "currencies": """id char(36) not null primary key, name varchar(36), symbol varchar(36), iso4217 varchar(3), conversion_rate double,
        status varchar(100), deleted tinyint(1) default 0, date_entered datetime, date_modified datetime, created_by char(36)""",
}
_NAMES = {"accounts": "varchar(150)", "opportunities": "varchar(50)", "aos_products_quotes": "text"}
"""How long a name may be; elsewhere 255."""

SUITECRM = tuple(
    f"create table {table} ({columns.format(name=_NAMES.get(table, 'varchar(255)'))}) engine=InnoDB default charset=utf8mb3"
    for table, columns in _TABLES.items()
)
