using System.Data.Common;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Journal;
using ActorTrain.Tests.Databases;
using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit.Xunit2;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ActorTrain.Actors.Tests.Journal;

/// <summary>A journal of which one decision cannot be read: nothing is recovered from it, and nothing is added to it.</summary>
public sealed class UnreadableJournalTests : IDisposable
{
    private const int Decisions = 5;
    private static CheckpointCommitted Decision(long number) => new(DateTimeOffset.UnixEpoch, number, $"hash {number}");

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private readonly TestFolder folder = new();

    public static TheoryData<string, string, bool> Damages()
    {
        var data = new TheoryData<string, string, bool>();
        foreach (var (damage, said) in All())
        {
            data.Add(damage, said, false);
            data.Add(damage, said, true);
        }

        return data;
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void It_stops_the_run_with_one_sentence_and_is_not_added_to(string damage, string said, bool postgres)
    {
        var connection = postgres ? PostgresServer.Shared.NewDatabase() : $"Data Source={folder.At("run.db")}";
        using DbConnection database = postgres ? new NpgsqlConnection(connection) : new SqliteConnection(connection);
        var settings = (JournalDatabase.Of(folder.At("run.db"), postgres ? connection : "") with { Timeout = TimeSpan.FromSeconds(5) })
            .Settings;
        using (var kit = new JournalKit(settings))
        {
            var journal = kit.Start();
            kit.ExpectMsg<JournalRecovered>(Long);
            for (var number = 1; number <= Decisions; number++)
            {
                journal.Tell(new RecordDecision(number, Decision(number)) { Previous = number > 1 ? Decision(number - 1) : null });
                kit.ExpectMsg(new Recorded(number), Long);
            }
        }

        database.Open();
        Execute(damage);
        var before = Rows();
        using (var kit = new JournalKit(settings))
        {
            var journal = kit.Start();
            var reason = kit.ExpectMsg<JournalUnreadable>(Long).Reason;
            reason.ShouldContain(said);
            reason.ShouldNotContain("\n");
            journal.Tell(new RecordDecision(Decisions + 1, new RunPaused(DateTimeOffset.UnixEpoch, 9, "ann")) { Previous = Decision(Decisions) });
            journal.Tell(new ReadDecisions());

            // Started again, it finds the same.
            kit.ExpectMsg<JournalUnreadable>(Long).Reason.ShouldBe(reason);
        }

        Rows().ShouldBe(before);

        object? Execute(string text)
        {
            using var command = database.CreateCommand();
            command.CommandText = postgres ? text.Replace("x'", "'\\x", StringComparison.Ordinal) : text;
            return command.ExecuteScalar();
        }

        List<string> Rows()
        {
            using var command = database.CreateCommand();
            command.CommandText = "SELECT * FROM journal ORDER BY ordering";
            using var reader = command.ExecuteReader();
            var rows = new List<string>();
            while (reader.Read())
                rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount)
                    .Select(i => reader.GetValue(i) is byte[] bytes ? Convert.ToHexString(bytes) : $"{reader.GetValue(i)}")));
            return rows;
        }
    }

    private static IEnumerable<(string Damage, string Said)> All()
    {
        foreach (var number in (int[])[1, 3, Decisions])
        {
            var at = $"WHERE sequence_number = {number}";
            yield return ($"UPDATE journal SET manifest = 'TrainerPromoted/1' {at}",
                $"at decision {number}: it has the unknown type \"TrainerPromoted/1\"");
            yield return ($"UPDATE journal SET manifest = 'CheckpointCommitted/2' {at}",
                $"at decision {number}: it has the unknown type \"CheckpointCommitted/2\"");
            yield return ($"UPDATE journal SET message = x'7B22617422' {at}", $"at decision {number}: it is corrupt");
            yield return ($"UPDATE journal SET message = x'' {at}", $"at decision {number}: it is corrupt");
            yield return ($"UPDATE journal SET identifier = 9999 {at}", "another version");
            yield return ($"UPDATE journal SET identifier = NULL {at}", "another version");
            if (number == Decisions)
                continue;
            yield return ($"DELETE FROM journal {at}", $"at decision {number}: it is missing");
            yield return ($"UPDATE journal SET sequence_number = 99 {at}", $"at decision {number}: it is missing");
            yield return ($"UPDATE journal SET persistence_id = 'run-other' {at}", $"at decision {number}: it is missing");
        }

        // Another hash, which is as good as the one that was decided but for its checksum.
        yield return ($"UPDATE journal SET message = (SELECT message FROM journal WHERE sequence_number = 2) WHERE sequence_number = 3",
            "at decision 3: it is corrupt");
        foreach (var number in (int[])[1, Decisions])
            yield return ($"UPDATE journal SET deleted = (1 = 1) WHERE sequence_number = {number}", $"at decision {number}: it is missing");
    }

    private sealed class JournalKit(Config settings)
        : TestKit(ConfigurationFactory.ParseString("akka.loglevel = OFF").WithFallback(settings))
    {
        public IActorRef Start() =>
            Sys.ActorOf(ActorProps.Journal("book", TestActor, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(100)));
    }
}
