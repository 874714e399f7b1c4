using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Machine;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Persistence.Tests;

public sealed class RunDirectoryTests : IDisposable
{
    private readonly TestDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Runs_are_listed_with_where_they_stand()
    {
        var first = Make("b-first");
        using (var log = BranchedLogs.Metrics(first.MetricsFile, 0))
        {
            log.Append(new StepMetrics(1, 4.5, 1, 1e-3, 10, 1, 10, 1));
            log.Append(new StepMetrics(2, 4.25, 1, 1e-3, 20, 1, 10, 1));
            log.Append(new EvaluationMetrics(2, 4, 50, 1));
        }

        new CheckpointStore(first.CheckpointsDirectory, new CheckpointStoreOptions(), TimeProvider.System).Commit(2);
        Make("a-second");
        new CheckpointStore(new RunDirectory(directory.Path, "c-third").CheckpointsDirectory, new CheckpointStoreOptions(),
            TimeProvider.System).Commit(0);
        Directory.CreateDirectory(directory.At("something else"));

        RunDirectory.List(directory.Path).ShouldBe(
        [
            new RunSummary("a-second", RunState.New, null, null, null, null),
            new RunSummary("b-first", RunState.New, 2, 4.25, 2, null),
            new RunSummary("c-third", RunState.Imported, null, null, 0, null),
        ]);
        RunDirectory.List(directory.At("nowhere")).ShouldBeEmpty();
    }

    [Fact]
    public void A_broken_part_is_told_and_the_rest_listed_all_the_same()
    {
        var run = Make("run");
        new CheckpointStore(run.CheckpointsDirectory, new CheckpointStoreOptions(), TimeProvider.System).Commit(2);
        File.WriteAllText(run.MetricsFile, "nonsense\nmore\n");
        var summary = RunDirectory.List(directory.Path).ShouldHaveSingleItem();
        summary.NewestCheckpoint.ShouldBe(2);
        summary.Problem.ShouldNotBeNull().ShouldContain($"{run.MetricsFile}, line 1");
    }

    [Fact]
    public void Configuration_and_tokenizer_are_replaced_in_one_piece()
    {
        var run = Make("run");
        File.WriteAllText(run.ConfigurationFile + ".writing", "half of what a killed process wr");
        Directory.CreateDirectory(run.TokenizerDirectory + ".writing");
        File.WriteAllText(Path.Combine(run.TokenizerDirectory + ".writing", "half"), "");
        foreach (var version in new[] { "first", "second" })
        {
            run.WriteConfiguration(version);
            run.WriteTokenizer(folder => File.WriteAllText(Path.Combine(folder, version), version));
            File.ReadAllText(run.ConfigurationFile).ShouldBe(version);
            Directory.EnumerateFiles(run.TokenizerDirectory).Select(Path.GetFileName).ShouldBe([version]);
            Directory.EnumerateFileSystemEntries(run.Path, "*.writing").ShouldBeEmpty();
        }

        Directory.Delete(run.Path, recursive: true);
        Should.Throw<UserErrorException>(() => run.WriteConfiguration("third"))
            .Message.ShouldStartWith($"Cannot write {run.ConfigurationFile}: ");
    }

    [Fact]
    public void The_state_follows_the_lock()
    {
        var run = Make("run");
        run.State.ShouldBe(RunState.New);
        using (var held = run.Lock())
        {
            held.MarkRunning();
            run.State.ShouldBe(RunState.Running);
        }

        run.State.ShouldBe(RunState.Stopped);
        using (var held = run.Lock())
        {
            held.MarkRunning();
            held.MarkFinished();
        }

        run.State.ShouldBe(RunState.Finished);
    }

    [Fact]
    public void A_lock_given_back_before_the_run_went_on_leaves_what_was_noted()
    {
        var run = Make("run");
        using (var held = run.Lock())
            held.MarkFinished();
        var noted = File.ReadAllText(run.LockFile);
        using (run.Lock())
            run.State.ShouldBe(RunState.Running);
        File.ReadAllText(run.LockFile).ShouldBe(noted);
        run.State.ShouldBe(RunState.Finished);
    }

    [Fact]
    public void A_second_holder_is_refused()
    {
        var run = Make("run");
        using var held = run.Lock();
        Should.Throw<UserErrorException>(run.Lock).Message.ShouldContain("is being trained by another process");
        run.State.ShouldBe(RunState.Running);
    }

    [Fact]
    public void Looking_at_a_run_keeps_nobody_from_starting_it()
    {
        var run = Make("run");
        using var ended = new CancellationTokenSource();
        var looking = new Thread(() =>
        {
            while (!ended.IsCancellationRequested)
                _ = run.State;
        });
        looking.Start();
        try
        {
            for (var i = 0; i < 100; i++)
            {
                using var held = run.Lock();
                held.MarkRunning();
            }
        }
        finally
        {
            ended.Cancel();
            looking.WaitToEnd();
        }

        run.State.ShouldBe(RunState.Stopped);
    }

    [Fact]
    public void A_killed_process_gives_the_lock_back()
    {
        var run = Make("run");
        using var child = ChildProgram.Start(["lock", directory.Path, "run"]);
        child.ReadLine().ShouldBe("locked");
        run.State.ShouldBe(RunState.Running);
        Should.Throw<UserErrorException>(run.Lock);
        child.Kill();
        child.WaitToEnd();
        run.State.ShouldBe(RunState.Killed);
        using (run.Lock())
            run.State.ShouldBe(RunState.Running);
    }

    [Theory]
    [InlineData(1, 0, true)]
    [InlineData(0, 1, false)]
    [InlineData(0, 0, false)]
    public void A_killed_process_is_told_as_killed_for_memory_where_the_counters_of_the_kernel_have_risen_since(int inGroup, int inAll,
        bool expected)
    {
        var run = Make("run");
        var now = OutOfMemoryKills.Now();
        var then = now with { InGroup = now.InGroup - inGroup, InAll = now.InAll - inAll };

        // Where no group counts, the machine's counter is all there is.
        expected |= now.InGroup is null && inAll > 0;
        File.WriteAllText(run.LockFile, $"Running in process 1\n{then.Write()}\n");
        run.State.ShouldBe(RunState.Killed);
        run.WasKilledForMemory.ShouldBe(expected);
        RunDirectory.List(directory.Path).Single().Problem.ShouldBe(expected ? OutOfMemoryKills.Sentence : null);
        using (var held = run.Lock())
        {
            held.WasKilledForMemory.ShouldBe(expected);
            held.MarkRunning();
        }

        File.WriteAllText(run.LockFile, "Stopped\n");
        run.WasKilledForMemory.ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    public void A_name_that_leads_elsewhere_is_refused(string name) =>
        Should.Throw<UserErrorException>(() => new RunDirectory(directory.Path, name)).Message.ShouldName($"\"{name}\"", "run name");

    private RunDirectory Make(string name)
    {
        var run = new RunDirectory(directory.Path, name);
        Directory.CreateDirectory(run.Path);
        File.WriteAllText(run.ConfigurationFile, "model: {}\n");
        return run;
    }
}
