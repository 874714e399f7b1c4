using System.Text;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Persistence.Tests;

public sealed class RunEventTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 4, 5, 6, 7, 890, TimeSpan.Zero);

    private static readonly RunEvent[] Decisions =
    [
        new RunStarted(At, "c0ffee00112233445566", 1000, 8, 3),
        new TrainerJoined(At, 0, ActorId.Trainer(0), 1),
        new TrainerJoined(At, 0, ActorId.Trainer(1), 2),
        new BatchVetoed(At, 7, [new SkippedRange(56, 8, "loss is NaN"), new SkippedRange(70, 1, "a \"quoted\" é")], "the loss is NaN"),
        new CheckpointCommitted(At, 10, "abcdef0123456789"),
        new TrainerLeft(At, 12, ActorId.Trainer(1), 3, "It did not answer for 120 s."),
        new TrainerJoined(At, 13, ActorId.Trainer(1, 2), 4),
        new ActorRestarted(At, 14, new ActorId(ActorRole.Checkpointer), "the disk is full"),
        new CheckpointLost(At, 14, "the disk is full"),
        new TrainersScaled(At, 15, 2),
        new CheckpointCommitted(At, 20, "fedcba9876543210"),
        new RunRewound(At, 10, 22, StateKind.Checkpoint),
        new RunStopped(At, 30, "SIGTERM"),
        new RunResumed(At, 30, StateKind.Checkpoint, 2),
        new RunResumed(At, 0, StateKind.Seed, 1),
        new RunFinished(At, 1000, "0123456789abcdef"),
    ];

    // What the run or an operator decided on its overrides.
    private static readonly RunEvent[] Judged =
    [
        new StepReplayed(At, 40, true, "two trainers had the same bits"),
        new SpikeJudged(At, 40, "rolling", "loss", 9.5, 4, 38, Rung.RollBack, "the loss of step 40 is 9.5"),
        new CourseCorrected(At, 40,
            new Intervention(1, 28, [new SkippedRange(224, 96, "spike")], 1, Intervention.Automatic, "the loss of step 40 is 9.5")),
        new RunExtended(At, 40, new Intervention(2, 40, [], 1, "ann", "ann extended the run from 1000 steps to 2000.") { Steps = 2000 }),
        new RunRolledBack(At, 28, 40, StateKind.Snapshot, "the loss of step 40 is 9.5"),
        new SpikeExplained(At, 40, SpikeCause.DataAndState, "On the weights of step 28 it is nothing special."),
        new CorruptionFound(At, 41, ActorId.Trainer(1), "Other bits than trainer-0."),
        new TrainerQuarantined(At, 41, 1, Intervention.Automatic, "It computed other bits."),
        new TrainerReleased(At, 50, 1, "ann"),
        new RunPaused(At, 51, "ann"),
        new RunContinued(At, 51, "ann"),
        new CheckpointCommitted(At, 60, "abcdef0123456789"),
        new CheckpointProved(At, 60, 160, "abcdef0123456789"),
        new SaveIntervalChosen(At, 160, 40, "A save stalls 0.1 s."),
    ];

    [Fact]
    public void Decisions_on_the_course_fold_to_a_state()
    {
        var state = JournalState.Of(Judged[..10]);
        (state.Spikes, state.Rollbacks, state.Corruptions, state.IsPaused).ShouldBe((1, 1, 1, true));
        state.Interventions.Select(static intervention => intervention.Number).ShouldBe([1, 2]);
        state.Skips.Ranges.ShouldBe([new SkippedRange(224, 96, "spike")]);
        JournalState.Of(Judged[..8]).Quarantined.ShouldBe([1]);
        state.Quarantined.ShouldBeEmpty();
        var last = JournalState.Of(Judged);
        last.IsPaused.ShouldBeFalse();
        last.Proved.ShouldBe([60]);
        last.SaveInterval.ShouldBe(40);
        JournalState.Of([.. Judged, new RunRolledBack(At, 50, 170, StateKind.Checkpoint, "x")]).Proved.ShouldBeEmpty();
    }

    [Fact]
    public void Every_kind_of_decision_has_a_form_and_words()
    {
        var kinds = typeof(RunEvent).Assembly.GetTypes().Where(static type => type.IsSubclassOf(typeof(RunEvent))).ToArray();
        RunEvent[] all = [.. Decisions, .. Judged];
        all.Select(static decision => decision.GetType()).Distinct().ShouldBe(kinds, ignoreOrder: true);
        foreach (var decision in all)
        {
            var manifest = RunEventCodec.ManifestOf(decision);
            manifest.ShouldBe($"{decision.GetType().Name}/1");
            RunEventCodec.Read(manifest, RunEventCodec.Write(decision)).ShouldBe(decision);
            RunEventWords.Describe(decision).ShouldMatch(@"^[A-Za-z0-9].*[^.]\.$");
        }
    }

    // Golden: what is in databases must stay readable.
    [Theory]
    [InlineData("RunStarted/1",
        """{"configurationHash":"c0ffee","steps":1000,"lanes":8,"trainers":3,"at":"2026-03-04T05:06:07.89+00:00","step":0}""",
        "3 trainers | 1000 steps of 8 lanes | configuration c0ffee.")]
    [InlineData("BatchVetoed/1",
        """{"skipped":[{"first":56,"count":1,"reason":"x"},{"first":57,"count":1,"reason":"x"},{"first":60,"count":1,"reason":"x"}],"reason":"the loss is NaN","at":"2026-03-04T05:06:07.89+00:00","step":7}""", "positions 56–57, 60 of | the loss is NaN.")]
    [InlineData("BatchVetoed/1",
        """{"skipped":[{"first":56,"count":8,"reason":"loss is NaN"}],"reason":"the loss is NaN","at":"2026-03-04T05:06:07.89+00:00","step":7}""", "positions 56–63 of | the loss is NaN.")]
    [InlineData("TrainerLeft/1",
        """{"trainer":"trainer-1","generation":3,"reason":"It threw.","at":"2026-03-04T05:06:07.89+00:00","step":12}""",
        "trainer-1 left | generation 3. | It threw.")]
    [InlineData("CourseCorrected/1",
        """{"correction":{"number":2,"from":20,"skipped":[{"first":160,"count":24,"reason":"ann wanted it"}],"rateFactor":0.5,"by":"ann","reason":"ann sent the run back to step 20."},"at":"2026-03-04T05:06:07.89+00:00","step":35}""", "2 by ann | step 20 | positions 160–183 of | 0.5. | ann sent the run back to step 20.")]
    [InlineData("RunExtended/1",
        """{"correction":{"number":1,"from":1000,"skipped":[],"rateFactor":1,"by":"ann","reason":"ann extended the run from 1000 steps to 2000.","steps":2000},"at":"2026-03-04T05:06:07.89+00:00","step":1000}""", "ann extended the run from 1000 steps to 2000.")]
    [InlineData("RunResumed/1", """{"from":"checkpoint","trainers":2,"at":"2026-03-04T05:06:07.89+00:00","step":30}""",
        "the checkpoint at step 30 with 2 trainers.")]
    [InlineData("RunResumed/1",
        """{"from":"seed","trainers":1,"formerEnd":"It was killed.","at":"2026-03-04T05:06:07.89+00:00","step":0}""",
        "initial weights with 1 trainer. | It was killed.")]
    [InlineData("RunRolledBack/1",
        """{"lostStep":35,"from":"snapshot","reason":"ann sent the run back to step 20.","at":"2026-03-04T05:06:07.89+00:00","step":20}""",
        "from step 35 to the snapshot at step 20. | ann sent the run back to step 20.")]
    [InlineData("SpikeJudged/1",
        """{"rule":"robust_z","signal":"loss","value":9.5,"limit":4,"onset":38,"rung":"roll back","evidence":"the loss is 9.5","at":"2026-03-04T05:06:07.89+00:00","step":40}""", "robust_z | step 40 | roll back. | the loss is 9.5.")]
    [InlineData("SpikeExplained/1",
        """{"cause":"data and state","evidence":"It is nothing special.","at":"2026-03-04T05:06:07.89+00:00","step":40}""",
        "step 40 | data and state. | It is nothing special.")]
    public void The_form_of_a_decision_stays_what_it_is(string manifest, string json, string words)
    {
        var decision = RunEventCodec.Read(manifest, Encoding.UTF8.GetBytes(json));
        decision.At.ShouldBe(At);
        RunEventWords.Describe(decision).ShouldName(words);
        using var expected = System.Text.Json.JsonDocument.Parse(json);
        using var written = System.Text.Json.JsonDocument.Parse(RunEventCodec.Write(decision));
        System.Text.Json.JsonElement.DeepEquals(expected.RootElement, written.RootElement)
            .ShouldBeTrue(Encoding.UTF8.GetString(RunEventCodec.Write(decision)));
    }

    [Theory]
    [InlineData(0.5, "0.5")]
    [InlineData(1e-7, "1E-07")]
    [InlineData(0.123456, "0.123456")]
    [InlineData(1e30, "1E+30")]
    public void A_factor_of_the_rate_is_told_as_it_is(double factor, string words) =>
        RunEventWords.Describe(new Intervention(1, 2, [], factor, "ann", "ann asked.")).ShouldContain($"multiplied by {words}.");

    [Fact]
    public void A_decision_of_a_newer_program_is_refused_in_one_sentence()
    {
        Should.Throw<UserErrorException>(() => RunEventCodec.Read("BatchVetoed/2", "{}"u8)).Message.ShouldName(
            "\"BatchVetoed/2\"", "newer version");
        Should.Throw<UserErrorException>(() => RunEventCodec.Read("MoonPhaseChanged/1", "{}"u8)).Message.ShouldContain("newer version");
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"skipped":null,"reason":"x","at":"2026-03-04T05:06:07.89+00:00","step":7}""")]
    [InlineData("\0\0\0")]
    public void A_decision_that_was_altered_is_refused_in_one_sentence(string json) =>
        Should.Throw<UserErrorException>(() => RunEventCodec.Read("BatchVetoed/1", Encoding.UTF8.GetBytes(json))).Message.ShouldStartWith(
            "A decision is corrupt (BatchVetoed/1: ");

    [Fact]
    public void Decisions_fold_to_a_state()
    {
        var state = JournalState.Of(Decisions[..12]);
        state.ConfigurationHash.ShouldBe("c0ffee00112233445566");
        (state.Steps, state.Lanes, state.Step, state.Trainers, state.Generation).ShouldBe((1000, 8, 10, 2, 4));
        state.Members.ToList().ShouldBe([ActorId.Trainer(0), ActorId.Trainer(1, 2)]);
        state.Skips.Ranges.Select(static range => (range.First, range.Count)).ShouldBe([(56, 8), (70, 1)]);
        state.NewestCheckpoint.ShouldBe(10);
        state.Faults[ActorId.Trainer(1)].ShouldBe(new ActorFaults(1, "It did not answer for 120 s."));
        state.Faults[new ActorId(ActorRole.Checkpointer)].ShouldBe(new ActorFaults(1, "the disk is full"));
        (state.Vetoes, state.Rewinds, state.Resumes, state.Decisions).ShouldBe((1, 1, 0, 12));
        state.Ending.ShouldBeNull();

        var stopped = JournalState.Of(Decisions[..13]);
        stopped.Ending.ShouldBe(new JournalEnding(false, 30, "SIGTERM"));
        var resumed = stopped.Apply(Decisions[13]);
        resumed.Ending.ShouldBeNull();
        resumed.Members.ShouldBeEmpty();
        resumed.Resumes.ShouldBe(1);
        JournalState.Of(Decisions).Ending.ShouldBe(new JournalEnding(true, 1000, "0123456789abcdef"));
        JournalState.Of(Decisions).NewestCheckpoint.ShouldBeNull();
    }

    [Fact]
    public void A_finished_run_that_is_extended_is_not_finished_and_has_its_new_steps_wherever_it_goes_back_to()
    {
        RunEvent[] extended =
            [.. Decisions, new RunExtended(At, 1000, new Intervention(1, 1000, [], 1, "ann", "ann extended the run.") { Steps = 2000 })];
        var state = JournalState.Of(extended);
        (state.Steps, state.Ending).ShouldBe((2000, null));
        JournalState.Of([.. extended, new RunRolledBack(At, 500, 1100, StateKind.Checkpoint, "x")]).Steps.ShouldBe(2000);
        JournalState.Of([.. extended, new RunFinished(At, 2000, "ff")]).Ending.ShouldBe(new JournalEnding(true, 2000, "ff"));
    }

    [Fact]
    public void What_is_read_back_folds_to_an_equal_state_and_other_decisions_to_another()
    {
        var again =
            Decisions.Select(static decision => RunEventCodec.Read(RunEventCodec.ManifestOf(decision), RunEventCodec.Write(decision)));
        JournalState.Of(again).ShouldBe(JournalState.Of(Decisions));
        for (var left = 0; left < Decisions.Length; left++)
            JournalState.Of(Decisions.Where((_, i) => i != left)).ShouldNotBe(JournalState.Of(Decisions));
    }

    [Fact]
    public void A_veto_that_is_come_to_again_leaves_out_the_same()
    {
        var veto = Decisions.OfType<BatchVetoed>().Single();
        foreach (var back in new[] { 5, 7 })
        {
            var state = JournalState.Of([veto, new RunResumed(At, back, StateKind.Checkpoint, 1), veto]);
            state.Skips.ShouldBe(JournalState.Of([veto]).Skips);
            state.Vetoes.ShouldBe(2);
        }

        JournalState.Of([veto, new RunResumed(At, 5, StateKind.Checkpoint, 1)]).Skips.Ranges.ShouldBeEmpty();
        JournalState.Of([veto, new RunRewound(At, 7, 9, StateKind.Snapshot)]).Skips.Ranges.Count.ShouldBe(2);
    }
}
