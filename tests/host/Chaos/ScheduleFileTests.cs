using ActorTrain.Chaos;
using ActorTrain.Host.Chaos;
using ActorTrain.Models;

namespace ActorTrain.Host.Tests.Chaos;

public sealed class ScheduleFileTests
{
    [Fact]
    public void A_schedule_says_when_what_and_to_whom()
    {
        var schedule = ScheduleFile.Parse("""
            seed: 9
            faults:
              - { step: 12, kind: trainer-exception, actor: trainer-2 }
              - { step: 20, kind: trainer-hang, seconds: 1.5 }
              - { step: 31, kind: flip-weights, bit: 12345 }
              - { step: 40, kind: poisoned-batch, batches: 3 }
            """, "faults.yaml", ChaosSamples.Target());

        schedule.Seed.ShouldBe(9ul);
        schedule.Faults.Select(static fault => (fault.Number, fault.Kind, fault.Step)).ShouldBe(
            [(1, "trainer-exception", 12L), (2, "trainer-hang", 20L), (3, "flip-weights", 31L), (4, "poisoned-batch", 40L)]);
        schedule.Faults[0].Actor.ShouldBe("trainer-2");
        schedule.Faults[0].MayStandIn.ShouldBeFalse();
        schedule.Faults[1].Seconds.ShouldBe(1.5);
        schedule.Faults[2].Bit.ShouldBe(12345);
        (schedule.Faults[3].FirstPosition, schedule.Faults[3].Positions).ShouldBe((320, 24));
    }

    [Fact]
    public void What_a_schedule_leaves_open_depends_on_its_seed_alone()
    {
        static ChaosSchedule Of(int seed) =>
            ScheduleFile.Parse($"seed: {seed}\nfaults:\n  - {{ step: 3, kind: message-loss }}\n  - {{ step: 4, kind: flip-moments }}\n",
            "f", ChaosSamples.Target());

        Of(4).Faults.ShouldBe(Of(4).Faults);
        Enumerable.Range(0, 40).Select(static seed => Of(seed).Faults[0].Actor).Distinct().Count().ShouldBeGreaterThan(3);
        Enumerable.Range(0, 40).Select(static seed => Of(seed).Faults[1].Bit).Distinct().Count().ShouldBe(40);
    }

    [Theory]
    [InlineData("faults: [", "f.yaml:2: invalid YAML")]
    [InlineData("- a\n- b", "f.yaml:1: a schedule is a list of faults under 'faults:'")]
    [InlineData("seed: 1\n", "f.yaml:1: there is no fault in this schedule")]
    [InlineData("faults: 3\n", "f.yaml:1: faults is a list")]
    [InlineData("sed: 1\nfaults:\n  - { step: 1, kind: kill }\n", "f.yaml:1: there is no key 'sed'; did you mean 'seed'?")]
    [InlineData("seed: -1\nfaults:\n  - { step: 1, kind: kill }\n", "f.yaml:1: seed is '-1', but it must be a whole number of at least 0")]
    [InlineData("faults:\n  - kill\n", "f.yaml:2: a fault is written as keys")]
    [InlineData("faults:\n  - { step: 1, kind: kil }\n", "f.yaml:2: there is no kind 'kil'; did you mean 'kill'?")]
    [InlineData("faults:\n  - { step: 1 }\n", "f.yaml:2: the fault has no kind")]
    [InlineData("faults:\n  - { kind: kill }\n", "f.yaml:2: the fault has no step; give one from 0 to 199")]
    [InlineData("faults:\n  - { step: 1, kind: kill }\n  - { step: 200, kind: kill }\n",
        "f.yaml:3: step is '200', but it must be a whole number from 0 to 199")]
    [InlineData("faults:\n  - { step: x, kind: kill }\n", "f.yaml:2: step is 'x'")]
    [InlineData("faults:\n  - { step: 1, kind: kill, stp: 2 }\n", "f.yaml:2: there is no key 'stp'; did you mean 'step'?")]
    [InlineData("faults:\n  - { step: 1, kind: kill, actor: trainer-0 }\n", "f.yaml:2: kill takes no actor")]
    [InlineData("faults:\n  - { step: 1, kind: kill, seconds: 2 }\n", "f.yaml:2: kill takes no seconds")]
    [InlineData("faults:\n  - { step: 1, kind: kill, bit: 2 }\n", "f.yaml:2: kill takes no bit")]
    [InlineData("faults:\n  - { step: 1, kind: kill, batches: 2 }\n", "f.yaml:2: kill takes no batches")]
    [InlineData("faults:\n  - { step: 1, kind: disk-full, seconds: 0 }\n",
        "f.yaml:2: seconds is '0', but it must be a number of at least 0.001")]
    [InlineData("faults:\n  - { step: 1, kind: trainer-exception, actor: trainer-3 }\n",
        "f.yaml:2: trainer-exception does not apply to 'trainer-3'; choose one of trainer-0, trainer-1, trainer-2.")]
    [InlineData("faults:\n  - { step: 1, kind: reducer-death, actor: trainer-0 }\n",
        "f.yaml:2: reducer-death does not apply to 'trainer-0'; choose one of reducer-0, reducer-1, reducer-2.")]
    [InlineData("faults:\n  - { step: [1], kind: kill }\n", "f.yaml:2: expected a word or a number")]
    [InlineData("faults:\n  - { step: 1, kind: reward-death }\n",
        "f.yaml:2: reward-death needs rollouts (`actortrain rlhf`); remove the fault.")]
    public void What_is_not_right_is_refused_with_file_and_line(string text, string said)
    {
        var error = Should.Throw<UserErrorException>(() => ScheduleFile.Parse(text, "f.yaml", ChaosSamples.Target()));
        error.Message.ShouldStartWith(said);
        error.Message.ShouldEndWith(error.Message.EndsWith('?') ? "?" : ".");
    }

    [Theory]
    [InlineData("kind: sampler-hang, actor: rollout-3",
        "f.yaml:2: sampler-hang does not apply to 'rollout-3'; choose one of rollout-0, rollout-1, rollout-2.")]
    [InlineData("kind: critic-death", "f.yaml:2: critic-death needs a critic (advantages.estimator: gae); remove the fault.")]
    [InlineData("kind: poisoned-batch",
        "f.yaml:2: poisoned-batch needs a run that trains on data instead of rollouts; remove the fault.")]
    [InlineData("kind: reward-death, actor: reward-0", "f.yaml:2: reward-death takes no actor; remove it.")]
    public void What_a_run_on_rollouts_has_not_is_refused(string fault, string said) =>
        Should.Throw<UserErrorException>(() => ScheduleFile.Parse(
            $"faults:\n  - {{ step: 1, {fault} }}\n", "f.yaml", ChaosSamples.Rollouts())).Message.ShouldBe(said);

    [Fact]
    public void A_schedule_may_name_those_who_make_rollouts()
    {
        var schedule = ScheduleFile.Parse("""
            faults:
              - { step: 3, kind: sampler-exception, actor: rollout-2 }
              - { step: 4, kind: sampler-wrong, bit: 7 }
              - { step: 5, kind: message-loss, actor: rollouts }
            """, "faults.yaml", ChaosSamples.Rollouts());
        schedule.Faults[0].Actor.ShouldBe("rollout-2");
        schedule.Faults[1].Bit.ShouldBe(7);
        schedule.Faults[2].Actor.ShouldBe("rollouts");
    }

    [Fact]
    public void A_schedule_that_is_not_there_is_refused() =>
        Should.Throw<UserErrorException>(static () => ScheduleFile.Read(
            "nowhere.yaml", ChaosSamples.Target())).Message.ShouldName("'nowhere.yaml'", "no such file");
}
