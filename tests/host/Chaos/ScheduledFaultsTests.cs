using System.Diagnostics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos;
using ActorTrain.Data.Plan;
using ActorTrain.Host.Chaos;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;

namespace ActorTrain.Host.Tests.Chaos;

public sealed class ScheduledFaultsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-chaos-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_fault_strikes_the_first_message_of_its_actor_that_belongs_to_its_step_or_a_later_one()
    {
        using var faults = Start("- { step: 5, kind: trainer-exception, actor: trainer-1 }");
        faults.Choose("trainer-1", Compute(4)).ShouldBe(Fault.None);
        faults.Choose("trainer-0", Compute(5)).ShouldBe(Fault.None);
        faults.Choose("reducer-1", Add(9)).ShouldBe(Fault.None);
        faults.Choose("trainer-1", new CancelEvaluation(9)).ShouldBe(Fault.None);
        faults.Choose("trainer-1-4", Compute(6)).ShouldBe(Fault.Throw);
        faults.Choose("trainer-1-4", Compute(6)).ShouldBe(Fault.None);

        var fired = new ChaosLog(folder).Read().ShouldHaveSingleItem();
        (fired.Fault, fired.Step, fired.Actor).ShouldBe((1, 6, "trainer-1-4"));
    }

    [Fact]
    public void The_next_process_does_not_bring_about_again_what_came_to_pass()
    {
        const string schedule =
            "- { step: 5, kind: reducer-death, actor: reducer-0 }\n  - { step: 5, kind: message-loss, actor: reducer-0 }";
        using (var first = Start(schedule))
            first.Choose("reducer-0", Add(5)).ShouldBe(Fault.Throw);
        using var second = Start(schedule);
        second.Choose("reducer-0", Add(5)).ShouldBe(Fault.Drop);
        second.Choose("reducer-0", Add(5)).ShouldBe(Fault.None);
    }

    [Fact]
    public void The_same_schedule_brings_the_same_trouble()
    {
        static IEnumerable<(string, object)> Messages()
        {
            for (var step = 0; step < 60; step++)
            {
                for (var i = 0; i < 3; i++)
                {
                    yield return ($"trainer-{i}", Compute(step));
                    yield return ($"reducer-{i}", Add(step));
                }
            }
        }

        string Replay(string place)
        {
            var own = Directory.CreateDirectory(Path.Combine(folder, place)).FullName;
            var drawn = ChaosSchedule.Draw(11, 40, ChaosSamples.Target("training.steps=60"));
            var safe = drawn.Faults.Where(static fault => ChaosKinds.ByName[fault.Kind].Effect is FaultEffect.Throw or FaultEffect.Drop
                or FaultEffect.Duplicate or FaultEffect.Defer).ToList();
            using var faults = new ScheduledFaults(new ChaosOrders(1, DateTimeOffset.UtcNow, 11, safe), new ChaosLog(own), Machine);
            return string.Join(' ', Messages().Select(message => faults.Choose(message.Item1, message.Item2)));
        }

        var once = Replay("once");
        once.ShouldContain("Throw");
        Replay("again").ShouldBe(once);
    }

    [Fact]
    public void Another_trainer_stands_in_for_one_that_is_gone_unless_the_schedule_names_it()
    {
        using var faults = Start("- { step: 5, kind: trainer-exception }");
        faults.Choose("trainer-7", Compute(5)).ShouldBe(Fault.None);
        faults.Choose("trainer-7", Compute(8)).ShouldBe(Fault.Throw);
    }

    [Fact]
    public void A_bit_is_flipped_where_the_schedule_says()
    {
        using var faults = Start("- { step: 5, kind: flip-message, actor: trainer-0, bit: 70 }");
        var flipped = new List<long>();
        faults.Touch("trainer-0", 5, new FlipTarget(FlatPlace.Weights, 64, flipped.Add));
        faults.Touch("trainer-0", 4, new FlipTarget(FlatPlace.PublishedGradient, 64, flipped.Add));
        flipped.ShouldBeEmpty();
        faults.Touch("trainer-0", 5, new FlipTarget(FlatPlace.PublishedGradient, 64, flipped.Add));
        faults.Touch("trainer-0", 6, new FlipTarget(FlatPlace.PublishedGradient, 64, flipped.Add));
        flipped.ShouldBe([6]);
    }

    /// <summary>With a message to an actor of this process, once the node has a process.</summary>
    [Fact]
    public void The_process_of_a_node_is_killed_or_stopped_and_woken()
    {
        const string text = "- { step: 5, kind: node-hang, actor: node-2, seconds: 0.001 }\n  - { step: 5, kind: node-death, actor: node-2 }";
        var schedule = ScheduleFile.Parse($"faults:\n  {text}\n", "f", ChaosSamples.Nodes());
        using var node = Process.Start("sleep", "1000");
        var machine = Machine;
        using var faults = new ScheduledFaults(new ChaosOrders(1, DateTimeOffset.UtcNow, 1, schedule.Faults), new ChaosLog(folder), machine);
        faults.Choose("spikes", Judge(5)).ShouldBe(Fault.None);
        new ChaosLog(folder).Read().ShouldBeEmpty();
        machine.ProcessOf = name => name == "node-2" ? node.Id : null;
        faults.Choose("trainer-2", Compute(5)).ShouldBe(Fault.None);
        new ChaosLog(folder).Read().ShouldBeEmpty();
        faults.Choose("spikes", Judge(5)).ShouldBe(Fault.None);
        while (!node.HasExited)
            faults.Choose("spikes", Judge(6)).ShouldBe(Fault.None);
        node.WaitToEnd();
        node.ExitCode.ShouldBe(137);
        new ChaosLog(folder).Read().Select(static fired => (fired.Fault, fired.Actor)).ShouldBe([(1, "node-2"), (2, "node-2")]);
    }

    [Fact]
    public void A_sampler_that_is_made_to_report_wrong_does_so_once_and_in_one_bit()
    {
        var schedule = ScheduleFile.Parse(
            "faults:\n  - { step: 5, kind: sampler-wrong, actor: rollout-1, bit: 27 }\n", "f", ChaosSamples.Rollouts());
        using var faults = new ScheduledFaults(
            new ChaosOrders(1, DateTimeOffset.UtcNow, 1, schedule.Faults), new ChaosLog(folder), Machine);
        IFaultInjector injector = faults;
        var done = new RolloutDone(default, 1, 8, 0, 0, new Rollout([4, 5], [-1, -2], HasEnded: true), 77);
        injector.Answer("rollout-1", 4, done).ShouldBe(done);
        injector.Answer("rollout-0", 5, done).ShouldBe(done);
        var scored = new RewardsScored(default, 1, 8, 0, []);
        injector.Answer("rollout-1", 5, scored).ShouldBe(scored);
        injector.Answer("rollout-1-2", 5, done).ShouldBeOfType<RolloutDone>().Rollout.ShouldBe(
            done.Rollout with { LogProbabilities = [-1, BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(-2) ^ 16)] });
        injector.Answer("rollout-1-2", 5, done).ShouldBe(done);
    }

    [Theory]
    [InlineData("reward-death", "reward-0")]
    [InlineData("reference-death", "reference-0-2")]
    [InlineData("ledger-death", "ledger")]
    [InlineData("rollouts-supervisor-death", "rollouts-2")]
    [InlineData("sampler-exception", "rollout-0")]
    public void Messages_about_rollouts_belong_to_steps(string kind, string actor)
    {
        var (weights, prompt) = (new PublishedWeights(5, 0, 77), (EquatableArray<int>)[1, 2]);
        object message = kind switch
        {
            "sampler-exception" => new GenerateRollouts(1, weights, 8, prompt, [0], 0),
            "ledger-death" => new KeepRollouts(1, new StepRollouts(5, 77, [])),
            "rollouts-supervisor-death" => new PrepareExperience(1, 1, 5, weights, SkipList.Empty),
            _ => new JudgeRollouts(1, weights, 8, prompt, [], 0),
        };
        IFaultInjector Of(int step) => new ScheduledFaults(
            new ChaosOrders(1, DateTimeOffset.UtcNow, 1, ScheduleFile.Parse(
                $"faults:\n  - {{ step: {step}, kind: {kind}{(kind == "sampler-exception" ? ", actor: rollout-0" : "")} }}\n", "f",
                ChaosSamples.Rollouts()).Faults),
            new ChaosLog(Directory.CreateDirectory(Path.Combine(folder, $"{step}")).FullName), Machine);
        Of(6).Choose(actor, message).ShouldBe(Fault.None);
        Of(5).Choose(actor, new ForgetRollouts(9)).ShouldBe(Fault.None);
        Of(5).Choose(actor, message).ShouldBe(Fault.Throw);
    }

    [Fact]
    public void Poisoned_samples_are_random_tokens_the_same_ones_each_time_and_others_are_untouched()
    {
        var schedule = Schedule("- { step: 1, kind: poisoned-batch }");
        using var faults = new ScheduledFaults(new ChaosOrders(1, DateTimeOffset.UtcNow, 1, schedule.Faults), new ChaosLog(folder), Machine);
        var poisoned = new PoisonedSamples(
            static samples =>
                [new TokenBatch([.. samples.SelectMany(static sample => Enumerable.Repeat(sample.Position, 5))], samples.Count(), 4)],
            4, 100, 1, position => ScheduledFaults.PoisonOf(schedule.Faults, position), faults.Poisoned);
        var planned = Enumerable.Range(4, 8).Select(static position => new PlannedSample(position, 0, position)).ToList();

        var batches = poisoned.Batches(planned).ToList();
        batches[0].Inputs.ShouldBe([4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7]);
        batches[0].Targets.ShouldBe(batches[0].Inputs);
        batches[1].Inputs.ShouldAllBe(static token => token >= 0 && token < 100);
        batches[1].Inputs.Distinct().Count().ShouldBeGreaterThan(10);
        for (var row = 0; row < 15; row++)
            (row % 4 == 3 || batches[1].Inputs[row + 1] == batches[1].Targets[row]).ShouldBeTrue();
        poisoned.Batches(planned).Last().Targets.ShouldBe(batches[1].Targets);
        new ChaosLog(folder).Read().ShouldHaveSingleItem().Step.ShouldBe(1);
    }

    [Fact]
    public void A_line_of_the_log_that_was_torn_is_passed_over()
    {
        new ChaosLog(folder).Add(new ChaosFired(3, DateTimeOffset.UnixEpoch, 4, "trainer-0", "it threw"));
        File.AppendAllText(Path.Combine(folder, ChaosLog.Name), "{\"fault\":4,");
        new ChaosLog(folder).Read().ShouldBe([new ChaosFired(3, DateTimeOffset.UnixEpoch, 4, "trainer-0", "it threw")]);
    }

    private static ComputeLanes Compute(long step) => new(new Ticket(1, new Round(step + 1, step)), [new LaneBlock(0, 2)], SkipList.Empty);

    private static JudgeStep Judge(long step) => new(new Round(step + 1, step), null!, null!);

    private static AddBlock Add(long step) => new(new Round(step + 1, step), new LaneBlock(0, 2));

    private static ChaosMachine Machine => new() { SetDatabaseAway = static _ => { }, RoomOnDisk = static () => 0 };

    private static ChaosSchedule Schedule(string faults) => ScheduleFile.Parse($"faults:\n  {faults}\n", "f", ChaosSamples.Target());

    private ScheduledFaults Start(string schedule) =>
        new(new ChaosOrders(1, DateTimeOffset.UtcNow, 1, Schedule(schedule).Faults), new ChaosLog(folder), Machine);
}
