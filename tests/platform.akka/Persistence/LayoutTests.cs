using System.Data.Common;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>The tables are those of Akka.Persistence.Sql's default mapping, as the databases themselves report them.</summary>
public sealed class LayoutTests : TestKit
{
    [Fact]
    public async Task Sqlite_has_the_tables_of_the_default_mapping()
    {
        using var store = new Store(StoreKind.Sqlite);
        await CreateTablesAsync(store);
        await using var connection = new SqliteConnection(store.ConnectionString + ";Mode=ReadOnly");
        connection.Open();
        string[] said =
        [
            .. Rows(connection, """
                SELECT m.name || '.' || c.name || ' ' || c.type || iif(c."notnull", ' not null', '') || iif(c.pk > 0, ' key ' || c.pk, '')
                FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid
                """),
            .. Rows(connection, """
                SELECT iif(i."unique", 'unique ', '') || i.name || ' on ' || m.name || ' (' || (SELECT group_concat(name, ', ') FROM pragma_index_info(i.name)) || ')'
                FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin = 'c' ORDER BY i.name
                """),
            .. Rows(connection, "SELECT 'autoincrement ' || name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"),
        ];
        string.Join('\n', said).ShouldBe("""
            journal.ordering INTEGER not null key 1
            journal.created BigInt not null
            journal.deleted Bit not null
            journal.persistence_id NVarChar(255) not null
            journal.sequence_number BigInt not null
            journal.message VarBinary not null
            journal.manifest NVarChar(500)
            journal.identifier INTEGER
            journal.writer_uuid NVarChar(128)
            snapshot.persistence_id NVarChar(255) not null key 1
            snapshot.sequence_number BigInt not null key 2
            snapshot.created BigInt not null
            snapshot.snapshot VarBinary
            snapshot.manifest NVarChar(500)
            snapshot.serializer_id INTEGER
            tags.ordering_id INTEGER not null key 1
            tags.tag NVarChar(64) not null key 2
            tags.sequence_nr INTEGER not null
            tags.persistence_id NVarChar(255) not null
            journal_created_idx on journal (created)
            journal_sequence_number_idx on journal (sequence_number)
            unique journal_uq on journal (persistence_id, sequence_number)
            snapshot_created_idx on snapshot (created)
            snapshot_sequence_number_idx on snapshot (sequence_number)
            tags_persistence_id_sequence_nr_idx on tags (persistence_id, sequence_nr)
            tags_tag_idx on tags (tag)
            autoincrement journal
            """);
    }

    [Fact]
    public async Task PostgreSql_has_the_tables_of_the_default_mapping()
    {
        using var store = new Store(StoreKind.PostgreSql);
        await CreateTablesAsync(store);
        await using var connection = new NpgsqlConnection(store.ConnectionString);
        connection.Open();
        string[] said =
        [
            .. Rows(connection, """
                SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
                    || CASE WHEN a.attidentity = 'a' THEN ' identity' ELSE '' END
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 ORDER BY c.relname, a.attnum
                """),
            .. Rows(connection, """
                SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY conname COLLATE "C"
                """),
            .. Rows(connection, """
                SELECT substring(indexdef FROM 'INDEX (.*)') FROM pg_indexes i WHERE schemaname = 'public'
                    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = i.indexname) ORDER BY indexname
                """),
        ];
        string.Join('\n', said).ShouldBe("""
            journal.ordering bigint not null identity
            journal.created bigint not null
            journal.deleted boolean not null
            journal.persistence_id character varying(255) not null
            journal.sequence_number bigint not null
            journal.message bytea not null
            journal.manifest character varying(500)
            journal.identifier integer
            journal.writer_uuid character varying(128)
            snapshot.persistence_id character varying(255) not null
            snapshot.sequence_number bigint not null
            snapshot.created bigint not null
            snapshot.snapshot bytea
            snapshot.manifest character varying(500)
            snapshot.serializer_id integer
            tags.ordering_id bigint not null
            tags.tag character varying(64) not null
            tags.sequence_nr bigint not null
            tags.persistence_id character varying(255) not null
            PK_journal PRIMARY KEY (ordering)
            PK_snapshot PRIMARY KEY (persistence_id, sequence_number)
            PK_tags PRIMARY KEY (ordering_id, tag)
            journal_uq UNIQUE (persistence_id, sequence_number)
            journal_created_idx ON public.journal USING btree (created)
            journal_sequence_number_idx ON public.journal USING btree (sequence_number)
            snapshot_created_idx ON public.snapshot USING btree (created)
            snapshot_sequence_number_idx ON public.snapshot USING btree (sequence_number)
            tags_persistence_id_sequence_nr_idx ON public.tags USING btree (persistence_id, sequence_nr)
            tags_tag_idx ON public.tags USING btree (tag)
            """);
    }

    // The first actor that recovers asks both plugins, which make their tables.
    private async Task CreateTablesAsync(Store store)
    {
        var system = ActorSystem.Create("layout", store.Config);
        system.ActorOf(Props.Create(() => new Scripted(store.Id, TestActor, null, null)));
        ExpectMsg<Recovered>(TimeSpan.FromSeconds(30));
        await system.Terminate();
    }

    private static IEnumerable<string> Rows(DbConnection connection, string query)
    {
        using var command = connection.CreateCommand();
        command.CommandText = query;
        using var reader = command.ExecuteReader();
        while (reader.Read())
            yield return reader.GetString(0);
    }
}
