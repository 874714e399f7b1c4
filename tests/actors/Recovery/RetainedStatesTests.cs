using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Recovery;

/// <summary>Which states of nodes a run may resume from, in a process that knows the journal alone.</summary>
public sealed class RetainedStatesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);
    private static readonly RunEvent Started = new RunStarted(Noon, "hash", 100, 8, 2);
    private static readonly RunEvent Joined = new TrainerJoined(Noon, 0, ActorId.Trainer(0, 1), 1);
    private static readonly RunEvent Saved = new CheckpointCommitted(Noon, 10, "aa");
    private static readonly Intervention Skip = new(1, 20, [new SkippedRange(80, 4, "spike")], 1, Intervention.Automatic, "spike");
    private static readonly RecoveryState Left = RecoveryState.Of([new RunOrigin(10, "aa", RunOverrides.None)]);

    [Fact]
    public void The_newest_state_is_chosen_and_the_rows_that_no_file_has_come_with_it()
    {
        RunEvent[] journal = [Started, Joined, Saved];
        var states = new RetainedStates(journal, Left, writtenStep: 28);
        var (older, newer) = (State(journal, 29, 27), State(journal, 30, 27));
        var chosen = states.Choose([(Node("a"), older), (Node("b"), newer), (Node("c"), newer)]);
        chosen.Select(static one => (one.Node.Name, one.State.Step)).ShouldBe([("b", 30), ("c", 30), ("a", 29)]);
        var recovery = states.With(newer, slot: 0);
        recovery.Held.ShouldHaveSingleItem().ShouldBe(new HeldSnapshot(0, 30, 30, newer.Record.Overrides));
        recovery.Unwritten.MetricsStep.ShouldBe(28);
        recovery.Unwritten.Measurements.Select(static one => one.Step).ShouldBe([29, 30]);
        recovery.Known.ShouldBe(new Dictionary<int, FormerTrainer> { [1] = new(0, 26) });
    }

    [Fact]
    public void Rows_of_later_steps_than_the_state_are_taken_again()
    {
        RunEvent[] journal = [Started];
        var recovery = new RetainedStates(journal, Left, writtenStep: 33).With(State(journal, 30, 27), slot: 0);
        (recovery.Unwritten.MetricsStep, recovery.Unwritten.Measurements.Count).ShouldBe((30, 0));
    }

    [Fact]
    public void A_state_without_the_rows_before_it_is_of_no_use()
    {
        RunEvent[] journal = [Started];
        IsUsable(journal, State(journal, 30, 27), written: 27).ShouldBeTrue();
        IsUsable(journal, State(journal, 30, 27), written: 26).ShouldBeFalse();
        var gap = State(journal, 30, 27);
        gap = gap with { Record = gap.Record with { Measurements = [.. gap.Record.Measurements.Where(static one => one.Step != 29)] } };
        IsUsable(journal, gap, written: 27).ShouldBeFalse();
        IsUsable(journal, gap, written: 29).ShouldBeTrue();
    }

    [Fact]
    public void A_state_that_is_no_newer_than_the_checkpoint_is_of_no_use()
    {
        RunEvent[] journal = [Started, Saved];
        IsUsable(journal, State(journal, 10, 8), written: 10).ShouldBeFalse();
        IsUsable(journal, State(journal, 11, 8), written: 10).ShouldBeTrue();
    }

    [Fact]
    public void A_state_that_rests_on_a_decision_that_never_became_durable_is_void()
    {
        RunEvent[] known = [Started, Joined];
        foreach (var lost in new RunEvent[]
            {
                new CourseCorrected(Noon, 25, Skip), new BatchVetoed(Noon, 25, [new SkippedRange(100, 4, "nan")], "nan"),
                new RunRolledBack(Noon, 20, 25, StateKind.Snapshot, "spike"), new CorruptionFound(Noon, 25, ActorId.Trainer(0, 1), "bits"),
            })
        {
            var state = State([.. known, lost], 30, 27);
            IsUsable([.. known, lost], state).ShouldBeTrue($"{lost}");
            IsUsable(known, state).ShouldBeFalse($"{lost}");

            // The next process has decided something else under its number.
            IsUsable([.. known, new RunResumed(Noon, 10, StateKind.Checkpoint, 2)], state).ShouldBeFalse($"{lost}");
        }
    }

    [Fact]
    public void A_state_that_the_run_has_gone_back_from_since_is_void()
    {
        RunEvent[] known = [Started, Joined];
        var state = State(known, 30, 27);
        IsUsable([.. known, new RunRolledBack(Noon, 29, 31, StateKind.Snapshot, "spike")], state).ShouldBeFalse();
        IsUsable([.. known, new RunRewound(Noon, 10, 31, StateKind.Checkpoint)], state).ShouldBeFalse();
        IsUsable([.. known, new RunResumed(Noon, 10, StateKind.Checkpoint, 2)], state).ShouldBeFalse();
        IsUsable([.. known, new CourseCorrected(Noon, 31, Skip)], state).ShouldBeFalse();
        IsUsable([.. known, new CorruptionFound(Noon, 31, ActorId.Trainer(0, 1), "bits")], state).ShouldBeFalse();

        // These keep it: the run has resumed from it, or saved another, or what it decided takes effect later.
        IsUsable([.. known, new RunResumed(Noon, 30, StateKind.Snapshot, 2)], state).ShouldBeTrue();
        IsUsable([.. known, new CheckpointCommitted(Noon, 20, "bb")], state).ShouldBeTrue();
        IsUsable([.. known, new CourseCorrected(Noon, 31, Skip with { From = 30 })], state).ShouldBeTrue();
    }

    [Fact]
    public void Of_a_step_whose_states_differ_none_is_chosen()
    {
        RunEvent[] journal = [Started];
        var states = new RetainedStates(journal, Left, writtenStep: 28);
        var (one, other) = (State(journal, 30, 27), State(journal, 30, 27) with { Hash = 7 });
        states.Choose([(Node("a"), one), (Node("b"), other), (Node("c"), State(journal, 29, 27))])
            .ShouldHaveSingleItem().State.Step.ShouldBe(29);
    }

    [Fact]
    public void Nodes_are_waited_for_only_after_a_process_that_died()
    {
        RunEvent[] journal = [Started, Joined, new TrainerJoined(Noon, 0, ActorId.Trainer(1, 1), 2)];
        new RetainedStates(journal, Left, 0).Members.ShouldBe(2);
        new RetainedStates([.. journal, new RunStopped(Noon, 12, "SIGTERM")], Left, 0).Members.ShouldBe(0);
        new RetainedStates([], RecoveryState.Of([]), 0).Members.ShouldBe(0);
    }

    internal static RetainedState State(IReadOnlyList<RunEvent> decided, long step, long written) => new(
        "/runs/a", "c", step, (ulong)step,
        new StateRecord(
            StateBases.Of(decided), JournalOverrides(decided), new Dictionary<int, long> { [1] = step - 4 }, written,
            [.. Enumerable.Range((int)written + 1, (int)(step - written))
                .Select(static at => new StepMeasurement(at, 1, 1, TimeSpan.FromSeconds(1), [at]))]));

    private static RunOverrides JournalOverrides(IReadOnlyList<RunEvent> decided) => RunOverrides.None with
    {
        Interventions = [.. JournalState.Of(decided).Interventions],
    };

    private static bool IsUsable(IReadOnlyList<RunEvent> journal, RetainedState state, long written = 28) =>
        new RetainedStates(journal, Left, written).IsUsable(state);

    private static NodeKey Node(string name) => new(name, 1);
}
