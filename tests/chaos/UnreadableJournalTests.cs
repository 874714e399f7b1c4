using System.Data.Common;
using ActorTrain.Tests.Databases;
using ActorTrain.Tests.Processes;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ActorTrain.Chaos.Tests;

/// <summary>Real processes and a journal that cannot be read in full: whoever needs it refuses in one sentence, and nothing on disk or in
/// the database changes.</summary>
public sealed class UnreadableJournalTests(RealRun real) : IClassFixture<RealRun>
{
    private const string Trained = "trained";

    private static readonly string[] Readers = ["journal", "status", "checkpoints", "audit"];

    /// <summary>As a process leaves its database that ends in order, or that is killed: then what it wrote last is in the log, and the log
    /// stays there.</summary>
    [Theory]
    [InlineData("UPDATE journal SET manifest = 'CheckpointCommitted/9' WHERE sequence_number = 2",
        "at decision 2: it has the unknown type \"CheckpointCommitted/9\"", true)]
    [InlineData("UPDATE journal SET manifest = 'CheckpointCommitted/9' WHERE sequence_number = 2", "use the newer version", false)]
    [InlineData("DELETE FROM journal WHERE sequence_number = 3", "at decision 3: it is missing", true)]
    [InlineData("UPDATE journal SET deleted = 1 WHERE sequence_number = 3", "at decision 3: it is missing", true)]
    [InlineData("UPDATE journal SET deleted = 1 WHERE sequence_number = (SELECT max(sequence_number) FROM journal)",
        "it is missing; restore the database", false)]
    [InlineData("UPDATE journal SET message = substr(message, 1, 9) WHERE sequence_number = 1", "at decision 1: it is corrupt", false)]
    [InlineData("UPDATE journal SET identifier = 4711 WHERE sequence_number = 2", "written by another version", false)]
    public void Whoever_needs_it_refuses_and_leaves_every_file_as_it_is(string damage, string said, bool isInLog)
    {
        const string name = Trained;
        ProvideTrained();
        var database = Path.Combine(real.RunFolder(name), "run.db");
        var aside = real.At("aside");
        using (var connection = new SqliteConnection($"Data Source={database};Pooling=False"))
        {
            Execute(connection, damage);
            if (isInLog)
            {
                Directory.CreateDirectory(aside);
                foreach (var file in (string[])[database, database + "-wal"])
                    File.Copy(file, Path.Combine(aside, Path.GetFileName(file)), overwrite: true);
            }
        }

        if (isInLog)
        {
            foreach (var file in Directory.GetFiles(aside))
                File.Move(file, Path.Combine(real.RunFolder(name), Path.GetFileName(file)), overwrite: true);
            new FileInfo(database + "-wal").Length.ShouldBeGreaterThan(0);
        }

        var before = real.Snapshot();
        RefuseAll(name, Short(name), $"runs/{name}/run.db", said);
        real.Snapshot().ShouldBe(before);
    }

    [Theory]
    [InlineData("deleted", "it holds 0 decisions")]
    [InlineData("shortened", "it holds 1 decisions")]
    [InlineData("under another name", "it holds 0 decisions")]
    public void A_journal_that_lacks_what_a_checkpoint_rests_on_is_refused_too(string damage, string said)
    {
        var name = Trained;
        ProvideTrained();
        var folder = real.RunFolder(name);
        if (damage == "deleted")
        {
            foreach (var file in Directory.GetFiles(folder, "run.db*"))
                File.Delete(file);
        }
        else if (damage == "shortened")
        {
            using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "run.db")};Pooling=False");
            Execute(connection, "DELETE FROM journal WHERE sequence_number > 1");
        }
        else
        {
            name = $"renamed-{Guid.NewGuid():N}";
            Directory.Move(folder, real.RunFolder(name));
        }

        var before = real.Snapshot();
        RefuseAll(name, Short(name), $"runs/{name}/run.db", said, $"runs/{name}/checkpoints/step-");
        real.Snapshot().ShouldBe(before);
    }

    [Fact]
    public void The_same_holds_of_a_database_server()
    {
        var server = PostgresServer.Shared.NewDatabase();
        string[] train = [.. Short("served"), "--set", $"journal.connection={server}"];
        real.Run(train).ShouldSucceed();
        using var connection = new NpgsqlConnection(server);
        Execute(connection, "UPDATE journal SET manifest = 'RunMoved/1' WHERE sequence_number = 2");
        var (before, rows) = (real.Snapshot(), Rows());
        RefuseAll("served", train, "PostgreSQL", "at decision 2: it has the unknown type \"RunMoved/1\"");
        real.Snapshot().ShouldBe(before);
        Rows().ShouldBe(rows);
        Execute(connection, "UPDATE journal SET manifest = 'TrainerJoined/1', deleted = true WHERE sequence_number = 2");
        RefuseAll("served", train, "PostgreSQL", "at decision 2: it is missing");

        object? Rows() => Execute(connection, "SELECT md5(string_agg(journal::text, '|' ORDER BY ordering)) FROM journal");
    }

    // Trained once, as it was.
    private void ProvideTrained()
    {
        var (folder, kept) = (real.RunFolder(Trained), real.At("kept"));
        if (Directory.Exists(kept))
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
            FolderCopy.Make(kept, folder);
            return;
        }

        real.Run(Short(Trained)).ShouldSucceed();
        FolderCopy.Make(folder, kept);
    }

    private void RefuseAll(string name, string[] train, params string[] said)
    {
        real.Run(train).ShouldRefuse(said);
        foreach (var reader in Readers)
            real.Run(reader, name).ShouldRefuse(said);
    }

    private static string[] Short(string name) => RealRun.Pretrain(name, "float32", "training.steps=6", "evaluation.every=0");

    private static object? Execute(DbConnection connection, string text)
    {
        if (connection.State == System.Data.ConnectionState.Closed)
            connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar();
    }
}
