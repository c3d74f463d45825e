"""The audit triggers write down what the daemon does, and nobody else; a version that comes again is seen."""

from demo import audit


def test_effects_count_the_daemons_writes_and_see_a_version_come_again(stage, connections, databases, replicate):
    replicate()
    audit.install(*connections)
    key = databases.erp("select crm_id from sales_opportunity order by id limit 1")[0]["crm_id"]
    account = databases.crm("select id from accounts where erp_code = '000002'")[0]["id"]
    erp, crm = connections
    with stage.erp() as user:
        user.execute("update sales_opportunity set crm_revision = 90 where crm_id = %s", (key,))
    assert audit.effects(databases.erp) == []
    for revision, active in ((91, True), (91, False), (93, True)):
        erp.execute("update sales_opportunity set crm_revision = %s, active = %s where crm_id = %s", (revision, active, key))
    assert audit.effects(databases.erp) == [audit.Effects("sales_opportunity", 3, 1, 0)]
    erp.execute("update sales_opportunity set crm_revision = 92 where crm_id = %s", (key,))
    assert audit.effects(databases.erp) == [audit.Effects("sales_opportunity", 4, 1, 1)]
    with crm.cursor() as cursor:
        for version in (7, 8, 8):
            cursor.execute("update accounts set erp_version = %s, credit_limit = credit_limit + 1 where id = %s", (version, account))
        cursor.execute("delete from invoices order by id limit 1")
    assert audit.effects(databases.crm) == [audit.Effects("accounts", 3, 1, 1), audit.Effects("invoices", 1, 1, 0)]
