using System.Text.Json;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Protocol;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Tests.Hosting;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;
using ActorTrain.Persistence.Runs;
using Akka.Actor;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ActorTrain.Host.Tests.Commands;

/// <summary>What is listed, verified and deleted of the checkpoints of a run.</summary>
public sealed class CheckpointsCommandTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly FlatLayout Layout = FlatLayout.Of([("norm.weight", [3])]);
    private static readonly Intervention Lowered = new(1, 15, [new SkippedRange(120, 16, "spike")], 0.5, "the run", "It climbed.");

    private readonly TemporaryRuns runs = new();
    private readonly StringWriter output = new() { NewLine = "\n" };
    private readonly FakeTimeProvider time = new(Noon);

    public void Dispose()
    {
        output.Dispose();
        runs.Dispose();
    }

    [Fact]
    public async Task Each_is_told_with_what_may_be_thought_of_it()
    {
        var run = await TrainAndGoBack();
        Run(new CheckpointsRequest(run.Path, false, false, false, false)).ShouldBe(ExitCode.Success);
        var lines = output.ToString().Split('\n');
        lines[0].ShouldMatch("^step +age +size +weights +state +overrides$");
        lines[1].ShouldMatch(@"^ *30  5 min  [0-9.]+ k?B  [0-9a-f]{12}  void$");
        lines[2].ShouldMatch(@"^ *22  5 min  [0-9.]+ k?B  [0-9a-f]{12}  unproved       16 skipped, rate × 0\.5$");
        lines[3].ShouldMatch(@"^ *10  5 min  [0-9.]+ k?B  [0-9a-f]{12}  good since 20$");
        lines[4].ShouldMatch(@"^ *5  5 min  [0-9.]+ k?B  [0-9a-f]{12}  unproved$");
        lines[5].ShouldBeEmpty();
    }

    [Fact]
    public async Task For_programs_it_is_one_object()
    {
        var run = await TrainAndGoBack();
        Run(new CheckpointsRequest(run.Path, false, true, true, true)).ShouldBe(ExitCode.Success);
        using var json = JsonDocument.Parse(output.ToString());
        json.RootElement.GetProperty("pruned").GetBoolean().ShouldBeFalse();
        json.RootElement.GetProperty("checkpoints").EnumerateArray().Select(static row => (row.GetProperty("step").GetInt64(),
            row.GetProperty("state").GetString(), row.GetProperty("is_surplus").GetBoolean()))
            .ShouldBe([(30, "void", true), (22, "unproved", false), (10, "good", false), (5, "unproved", true)]);
        new CheckpointArchive(run.CheckpointsDirectory).List().Count.ShouldBe(4, "a dry run deletes nothing");
    }

    [Fact]
    public async Task What_was_left_and_what_need_not_stay_is_deleted()
    {
        var run = await TrainAndGoBack();
        Run(new CheckpointsRequest(run.Path, false, true, false, false)).ShouldBe(ExitCode.Success);
        output.ToString().ShouldName("Deleted: steps 30, 5.\n", "All files match");
        new CheckpointArchive(run.CheckpointsDirectory).List().Select(static info => info.Step).ShouldBe([22, 10]);
    }

    [Fact]
    public async Task One_that_was_altered_is_found_and_never_counts_as_one_that_is_kept()
    {
        var run = await TrainAndGoBack();
        var weights = Path.Combine(run.CheckpointsDirectory, "step-00000022", "weights.safetensors");
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Run(new CheckpointsRequest(run.Path, true, false, false, false)).ShouldBe(ExitCode.Failure);
        output.ToString().ShouldMatch("\n *22 +- +- +- +damaged\n");
        output.ToString()
            .ShouldContain($"\n  The checkpoint {Path.GetDirectoryName(weights)} is not usable: weights.safetensors is corrupt");

        Run(new CheckpointsRequest(run.Path, false, true, false, false)).ShouldBe(ExitCode.Success);
        new CheckpointArchive(run.CheckpointsDirectory).List().Select(static info => info.Step).ShouldBe([22, 10]);
    }

    [Fact]
    public async Task While_a_process_trains_the_run_it_is_looked_at_and_left_alone()
    {
        var run = await TrainAndGoBack();
        using var held = run.Lock();
        Run(new CheckpointsRequest(run.Path, true, true, true, false)).ShouldBe(ExitCode.Success);
        Should.Throw<UserErrorException>(() => Run(new CheckpointsRequest(run.Path, false, true, false, false)))
            .Message.ShouldContain("is being trained by another process");
        new CheckpointArchive(run.CheckpointsDirectory).List().Count.ShouldBe(4);
    }

    [Fact]
    public async Task Without_its_journal_nothing_is_deleted()
    {
        var run = await TrainAndGoBack();
        File.WriteAllText(run.JournalFile, new string('x', 5000));
        Run(new CheckpointsRequest(run.Path, false, false, false, false)).ShouldBe(ExitCode.Success);
        output.ToString().ShouldStartWith($"The journal of {run.Path} in {run.JournalFile} cannot be read: ");
        Should.Throw<UserErrorException>(() => Run(new CheckpointsRequest(run.Path, false, true, false, false)))
            .Message.ShouldContain("nothing was deleted");
        new CheckpointArchive(run.CheckpointsDirectory).List().Count.ShouldBe(4);
    }

    [Fact]
    public void A_run_without_any_says_so()
    {
        var run = runs.Run();
        run.WriteConfiguration(Configuration());
        Run(new CheckpointsRequest(run.Path, false, false, false, false)).ShouldBe(ExitCode.Success);
        output.ToString().ShouldBe($"{run.Path} has no checkpoint yet.\n");
    }

    private int Run(CheckpointsRequest request) =>
        CheckpointsCommand.Run(request, new CommandContext(output, TextWriter.Null, false, time));

    private string Configuration() =>
        CanonicalYaml.Write(RunFile.Read(null, [$"run.output={runs.Path}", "run.name=book", "data.path=d", "checkpoints.keep=1"]));

    // Steps 5, 10 and 30 were saved; then the run rolled back from 32 to 12 with an intervention from step 15 on, and saved step 22.
    private async Task<RunDirectory> TrainAndGoBack()
    {
        var run = runs.Run();
        run.WriteConfiguration(Configuration());
        time.AdjustTime(Noon.AddMinutes(-5));
        var store = new CheckpointStore(run.CheckpointsDirectory, new CheckpointStoreOptions { KeepLast = 10 }, time);
        var ten = Commit(store, 10, RunOverrides.None);
        Commit(store, 5, RunOverrides.None);
        Commit(store, 30, RunOverrides.None);
        Commit(store, 22, RunOverrides.None.With(Lowered));
        time.AdjustTime(Noon);
        using var system = JournalSystem.Create(run, NullLoggerFactory.Instance);
        await Record(
            system, run,
            [
                new RunStarted(Noon, "c0ffee", 100, 8, 1), new CheckpointCommitted(Noon, 10, ten), new CheckpointProved(Noon, 10, 20, ten),
                new CourseCorrected(Noon, 32, Lowered), new RunRolledBack(Noon, 12, 32, StateKind.Snapshot, "It climbed."),
                new CheckpointCommitted(Noon, 22, store.List().Single(static info => info.Step == 22).Manifest!.WeightsHash),
            ]);
        await system.Terminate().WaitAsync(BoundedWaits.Longest);
        SqliteConnection.ClearAllPools();
        return run;
    }

    private static string Commit(CheckpointStore store, long step, RunOverrides overrides)
    {
        using var weights = new HostBuffer(Layout.Length * sizeof(float));
        using var first = new HostBuffer(Layout.Length * sizeof(float));
        using var second = new HostBuffer(Layout.Length * sizeof(float));
        foreach (var buffer in new[] { weights, first, second })
            buffer.Slice(0, (int)buffer.Length).Fill((byte)step);
        return store.Commit(new CheckpointContent(
            new CheckpointFacts
            {
                Step = step,
                ConfigurationHash = "c0ffee",
                Model = ModelOptions.FromDepth(1),
                Cursor = new PlanCursor(0, 0, 0),
                SkipList = overrides.Skips,
                Fingerprint = new NumericFingerprint("1", "2", "3", "4", "5", "cpu"),
                State = new Dictionary<string, string> { [OverridesCodec.Key] = OverridesCodec.Write(overrides) },
            },
            Layout, weights, first, second)).WeightsHash;
    }

    private static async Task Record(ActorSystem system, RunDirectory run, RunEvent[] decisions)
    {
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        system.ActorOf(Props.Create(() => new Recorder(run.Name, decisions, durable)));
        await durable.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private sealed class Recorder : ReceiveActor
    {
        public Recorder(string run, RunEvent[] decisions, TaskCompletionSource durable)
        {
            var journal = Context.ActorOf(ActorProps.Journal(run, Self, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1)));
            Receive<JournalRecovered>(_ =>
            {
                for (var i = 0; i < decisions.Length; i++)
                    journal.Tell(new RecordDecision(i + 1, decisions[i]) { Previous = i > 0 ? decisions[i - 1] : null });
            });
            Receive<Recorded>(recorded =>
            {
                if (recorded.Number == decisions.Length)
                    durable.TrySetResult();
            });
        }
    }
}
