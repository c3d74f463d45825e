-- The CRM: MariaDB, uuid keys made by the application, soft deletes, and columns that belong to its users alone.

create table users (
    id        char(36) collate utf8mb4_bin not null primary key,
    user_name varchar(60) not null unique
);

-- accounts: synced rows come from the ERP's customers, others are the CRM's own.
-- owner_id, rating, notes and date_modified belong to the CRM: no mapping names them.
create table accounts (
    id             char(36) collate utf8mb4_bin not null primary key,
    erp_code       varchar(32) unique,
    name           varchar(150) not null,
    account_type   varchar(20) not null,
    segment        varchar(20) not null,
    email          varchar(254) unique,
    phone          varchar(40),
    vat_id         varchar(20),
    credit_limit   decimal(14,2) not null default 0,
    newsletter     tinyint not null default 0,
    blocked        tinyint not null default 0,
    customer_since date,
    erp_changed    datetime(6),
    erp_version    int,
    deleted        tinyint not null default 0,
    owner_id       char(36) collate utf8mb4_bin,
    rating         varchar(10),
    notes          text,
    date_entered   datetime not null default current_timestamp,
    date_modified  datetime not null default current_timestamp on update current_timestamp,
    foreign key (owner_id) references users (id)
);

create table products (
    id          char(36) collate utf8mb4_bin not null primary key,
    part_number varchar(25) not null unique,
    name        varchar(150) not null,
    price       decimal(26,6) not null,
    currency    char(3) not null,
    weight      double,
    colour      varchar(30) default 'unknown',            -- the CRM's
    description longtext,
    attributes  json,
    erp_changed datetime(6) not null,
    erp_version int not null,
    deleted     tinyint not null default 0
);

-- No foreign key: many a CRM has none, and stock of goods that are not for sale has no product here.
create table stock_levels (
    product_id  char(36) collate utf8mb4_bin not null,
    warehouse   varchar(10) collate utf8mb4_bin not null,
    on_hand     decimal(12,3) not null,
    available   decimal(12,3) not null,
    erp_version int not null,
    primary key (product_id, warehouse)
);

create table sales_orders (
    id          char(36) collate utf8mb4_bin not null primary key,
    number      varchar(20) not null unique,
    account_id  char(36) collate utf8mb4_bin not null,
    stage       varchar(20) not null,
    ordered_on  date not null,
    ship_after  datetime(6),
    currency    char(3) not null,
    total       decimal(26,6) not null,
    note        text,
    erp_version int not null,
    followed_by char(36) collate utf8mb4_bin,                                 -- the CRM's
    foreign key (account_id) references accounts (id),
    foreign key (followed_by) references users (id)
);

create table sales_order_lines (
    id          char(36) collate utf8mb4_bin not null primary key,
    order_id    char(36) collate utf8mb4_bin not null,
    position    int not null,
    product_id  char(36) collate utf8mb4_bin not null,
    name        varchar(255) not null,
    quantity    decimal(18,4) not null,
    unit_price  decimal(26,6) not null,
    net         decimal(26,6) not null,
    erp_version int not null,
    unique (order_id, position),
    foreign key (order_id) references sales_orders (id)    -- and none on products: goods may be sold that the range no longer has
);

create table invoices (
    id          char(36) collate utf8mb4_bin not null primary key,
    number      varchar(20) not null unique,
    order_id    char(36) collate utf8mb4_bin not null,
    account_id  char(36) collate utf8mb4_bin not null,
    status      varchar(10) not null,
    issued_on   date not null,
    due_on      date,
    total       decimal(26,6) not null,
    still_open  decimal(26,6) not null,
    erp_version int not null,
    deleted     tinyint not null default 0,
    reminder    text,                                     -- the CRM's
    foreign key (order_id) references sales_orders (id),
    foreign key (account_id) references accounts (id)
);

create table contacts (
    id         char(36) collate utf8mb4_bin not null primary key,
    account_id char(36) collate utf8mb4_bin,
    first_name varchar(60),
    last_name  varchar(60) not null,
    email      varchar(254),
    deleted    tinyint not null default 0,
    foreign key (account_id) references accounts (id)
);

create table leads (
    id            char(36) collate utf8mb4_bin not null primary key,
    first_name    varchar(60),
    last_name     varchar(60) not null,
    company       varchar(150),
    email         varchar(254),
    lead_source   varchar(30) not null default 'web',
    temperature   tinyint not null default 0,
    description   text,
    deleted       tinyint not null default 0,
    date_entered  datetime not null default current_timestamp,
    date_modified datetime not null default current_timestamp on update current_timestamp,
    revision      int not null default 1
);

create table opportunities (
    id            char(36) collate utf8mb4_bin not null primary key,
    lead_id       char(36) collate utf8mb4_bin,
    account_id    char(36) collate utf8mb4_bin,
    name          varchar(150) not null,
    amount        double,                                 -- money as a double, as some CRMs have it
    currency      char(3) not null default 'EUR',
    sales_stage   varchar(30) not null,
    date_closed   date,
    next_step     varchar(150),
    deleted       tinyint not null default 0,
    date_modified datetime not null default current_timestamp on update current_timestamp,
    revision      int not null default 1,
    foreign key (lead_id) references leads (id),
    foreign key (account_id) references accounts (id)
);

create table cases (
    id            char(36) collate utf8mb4_bin not null primary key,
    case_number   int not null auto_increment unique,
    account_id    char(36) collate utf8mb4_bin,
    name          varchar(255) not null,
    status        varchar(30) not null,
    priority      char(2) not null,
    description   longtext,
    deleted       tinyint not null default 0,
    date_modified datetime not null default current_timestamp on update current_timestamp,
    revision      int not null default 1,
    foreign key (account_id) references accounts (id)
);

create table quotes (
    id             char(36) collate utf8mb4_bin not null primary key,
    opportunity_id char(36) collate utf8mb4_bin,
    name           varchar(150) not null,
    total          decimal(26,6) not null,
    foreign key (opportunity_id) references opportunities (id)
);

create trigger leads_stamp before update on leads for each row set new.revision = old.revision + 1;
create trigger opportunities_stamp before update on opportunities for each row set new.revision = old.revision + 1;
create trigger cases_stamp before update on cases for each row set new.revision = old.revision + 1;
