-- On Tryton's database, by the role that cdc writes with: what comes from the CRM lands here, in a schema of its own that Tryton does not
-- know. Nobody writes these tables but cdc; Tryton's side reads them and makes its own records by its own code.
create schema if not exists crm_inbox;

create table if not exists crm_inbox.leads (
    crm_id varchar(36) primary key,
    person text not null,
    company text,
    title text,
    email text,
    phone text,
    mobile text,
    street text,
    city text,
    postal_code text,
    country text,
    source text,
    state text not null check (state in ('new', 'assigned', 'in process', 'converted', 'recycled', 'dead', 'unknown')),
    description text,
    crm_created timestamp(0),
    crm_changed timestamp(0),
    active boolean not null default true
);

create table if not exists crm_inbox.opportunities (
    crm_id varchar(36) primary key,
    name text not null,
    party_code text,                -- party_party.code of the account, where the account came from Tryton
    account_name text,
    state text not null check (state in ('lead', 'opportunity', 'converted', 'won', 'lost')),       -- sale.opportunity's own words
    probability integer not null default 0 check (probability between 0 and 100),
    amount numeric(16, 2),
    currency varchar(3),
    closes_on date,
    next_step text,
    description text,
    crm_created timestamp(0),
    crm_changed timestamp(0),
    active boolean not null default true
);

create table if not exists crm_inbox.cases (
    crm_id varchar(36) primary key,
    case_number integer not null unique,
    subject text not null,
    party_code text,
    account_name text,
    state text not null check (state in ('open', 'closed', 'other')),
    status text,
    priority text,
    description text,
    resolution text,
    crm_created timestamp(0),
    crm_changed timestamp(0),
    active boolean not null default true
);
