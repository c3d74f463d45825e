-- On Tryton's database, as the tables' owner: what the log has to carry of a child row that moves or goes, so that its parent is made anew.
-- Tryton's own updates leave these settings alone; run it again after a restore.
alter table party_address replica identity full;
alter table party_contact_mechanism replica identity full;
alter table company_company replica identity full;
alter table company_employee replica identity full;
alter table product_list_price replica identity full;
alter table product_cost_price replica identity full;
alter table sale_line replica identity full;
alter table "sale_line-account_tax" replica identity full;
