using System.Collections.Frozen;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.Simulation;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>Whatever happens to those who make rollouts, what a step is trained on is a function of its weights, prompts and options.
/// Each report that a rule of <see cref="SimulatedPreparations"/> stands for is named where it is tested.</summary>
public sealed class RolloutsSimulationTests
{
    private static readonly Weather Storm = new()
    {
        Drop = 0.03,
        Duplicate = 0.03,
        Delay = 0.05,
        OthersCrash = 0.02,
        WorkerCrash = 0.02,
        WorkerHang = 0.003,
        WorkerSlow = 0.03,
        SnapshotRots = 0.005,
        NodeLost = 0.03,
        LedgerFails = 0.1,
        StormInputs = 400,
    };

    // verl message_queue.py, which drops the oldest; tinker-cookbook#822, NeMo-RL#3480, TRL#3247: rollouts lost, dropped for their age, or
    // made anew by other weights; prime-rl#1667, prime-rl#3004, prime-rl#3016: those who wait for each other; A2.
    [Fact]
    public void Whatever_fails_every_preparation_is_answered_and_by_the_same_bits()
    {
        for (var seed = 0; seed < 150; seed++)
            Run(new SimulatedPreparations(seed, steps: 6, Storm, options => options with
            {
                Rollouts = options.Rollouts with { Workers = 1 + seed % 4, Slots = 1 << seed % 5 },
                Rewards = 1 + seed % 2,
                References = seed % 3,
                AuditEvery = seed % 4,
                OnNodes = Placed(seed),
                Advantages = options.Advantages with { KlCoefficient = seed % 3 == 0 ? 0 : 0.125 },
            }) { Turns = 0.15 }, seed);
    }

    [Fact]
    public void Without_faults_no_worker_is_lost_or_accused()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var calm = Run(new SimulatedPreparations(seed, steps: 8, Weather.Calm, options => options with
            {
                Rollouts = options.Rollouts with { Workers = 1 + seed % 4, Slots = 1 << seed % 5 },
                AuditEvery = 1 + seed % 3,
                OnNodes = Placed(seed),
            }), seed);
            calm.Reports.Where(static report => report is not (ExperiencePrepared or ExperienceProgressed or RolloutsStarted)).ShouldBeEmpty($"seed {seed}");
        }
    }

    // In the process that leads, on nodes, or scorers alone in the process that leads.
    private static FrozenSet<ActorRole> Placed(int seed) => (seed % 3) switch
    {
        0 => FrozenSet<ActorRole>.Empty,
        1 => FrozenSet.Create(ActorRole.Rollout, ActorRole.Reward, ActorRole.Reference),
        _ => FrozenSet.Create(ActorRole.Rollout, ActorRole.Reference),
    };

    // "Two answers that differ prove that somebody computed wrongly, and a third decides."
    [Fact]
    public void A_worker_that_computes_wrongly_is_found_by_an_audit_and_what_it_sampled_is_not_trained_on()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            // Of two, each has one of the two computations that are compared.
            var run = Run(new SimulatedPreparations(seed, steps: 5, seed % 2 == 0 ? Weather.Calm : Storm with { OthersCrash = 0 },
                options => options with { AuditEvery = 1, Rollouts = options.Rollouts with { Slots = 1 << seed % 5 } })
            {
                Outliers = new Dictionary<int, WrongBits> { [seed % 2] = WrongBits.Always },
                Turns = seed % 2 == 0 ? 0 : 0.05,
            }, seed);
            if (seed % 2 == 0)
                run.Corrupted.ShouldNotBeEmpty($"seed {seed}");
            run.Corrupted.ShouldAllBe(found => found.Worker.Role == ActorRole.Rollout && found.Worker.Number == seed % 2, $"seed {seed}");
        }
    }

    // A reward or a log-probability that was reported wrong was trained on.
    [Theory]
    [InlineData(ActorRole.Reward)]
    [InlineData(ActorRole.Reference)]
    public void A_judge_that_computes_wrongly_is_found_by_an_audit_and_what_it_computed_is_not_trained_on(ActorRole role)
    {
        for (var seed = 0; seed < 80; seed++)
        {
            var run = Run(new SimulatedPreparations(seed, steps: 5, seed % 2 == 0 ? Weather.Calm : Storm with { OthersCrash = 0 },
                options => options with { AuditEvery = 1, Rewards = 2, References = 2 })
            {
                OutlierRole = role,
                Outliers = new Dictionary<int, WrongBits> { [seed / 2 % 2] = WrongBits.Always },
                Turns = seed % 2 == 0 ? 0 : 0.05,
            }, seed);
            if (seed % 2 == 0)
                run.Corrupted.ShouldHaveSingleItem($"seed {seed}");
            run.Corrupted.ShouldAllBe(found => found.Worker.Role == role && found.Worker.Number == seed / 2 % 2, $"seed {seed}");
        }
    }

    // With one alone, what it computes twice is compared.
    [Theory]
    [InlineData(ActorRole.Reward)]
    [InlineData(ActorRole.Reference)]
    public void Judges_that_sometimes_compute_wrongly_hold_nothing_up(ActorRole role)
    {
        var found = 0;
        for (var seed = 0; seed < 60; seed++)
        {
            var run = Run(new SimulatedPreparations(seed, steps: 6, seed % 2 == 0 ? Weather.Calm : Storm,
                options => options with { AuditEvery = 1, Rewards = 1 + seed % 3, References = 1 + seed % 3 })
            {
                OutlierRole = role,
                Outliers = new Dictionary<int, WrongBits> { [0] = WrongBits.Sometimes },
                MayBeDeceived = true,
            }, seed);
            run.Corrupted.ShouldAllBe(one => one.Worker.Role == role && one.Worker.Number == 0, $"seed {seed}");
            found += run.Corrupted.Any() ? 1 : 0;
        }

        found.ShouldBeGreaterThan(20);
    }

    [Fact]
    public void One_of_many_that_computes_wrongly_is_found_as_audits_go_round()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var run = Run(new SimulatedPreparations(seed, steps: 16, Weather.Calm,
                options => options with { AuditEvery = 1, Rollouts = options.Rollouts with { Workers = 4, Slots = 1 } })
            {
                Outliers = new Dictionary<int, WrongBits> { [2] = WrongBits.Always },
                MayBeDeceived = true,
            }, seed);
            run.Corrupted.Select(static found => found.Worker.Number).Distinct().ShouldBe([2], $"seed {seed}");
        }
    }

    // marin#1829, and stale engines (NeMo-RL fleet_health.py): whoever samples with other weights than those asked for is not believed.
    [Fact]
    public void A_worker_with_other_weights_is_replaced_without_any_audit()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var run = Run(new SimulatedPreparations(seed, steps: 4, seed % 2 == 0 ? Weather.Calm : Storm)
            {
                Outliers = new Dictionary<int, WrongBits> { [0] = WrongBits.Weights },
            }, seed);

            // In a storm the accusation may be lost on its way, as any message.
            var accused = run.Corrupted.Select(static found => found.Worker.Number).Distinct().ToList();
            if (seed % 2 == 0)
                accused.ShouldBe([0], $"seed {seed}");
            else
                accused.ShouldBeSubsetOf([0], $"seed {seed}");
        }
    }

    [Fact]
    public void Workers_that_sometimes_compute_wrongly_hold_nothing_up()
    {
        for (var seed = 0; seed < 60; seed++)
            Run(new SimulatedPreparations(seed, steps: 6, seed % 2 == 0 ? Weather.Calm : Storm,
                options => options with { AuditEvery = 1, Rollouts = options.Rollouts with { Workers = 1 + seed % 3 } })
            {
                Outliers = new Dictionary<int, WrongBits> { [0] = WrongBits.Sometimes },
                MayBeDeceived = true,
            }, seed);
    }

    [Fact]
    public void Workers_that_all_compute_wrongly_are_given_up_in_the_end()
    {
        var run = new SimulatedPreparations(1, steps: 4, Weather.Calm with { StormInputs = 1 },
            options => options with { AuditEvery = 1, Supervision = options.Supervision with { MaxLosses = 5 } })
        {
            Outliers = Enumerable.Range(0, 1000).ToDictionary(static number => number, static _ => WrongBits.Weights),
        };
        Should.Throw<Models.InvariantException>(run.Run);
        run.Reports.OfType<ActorGivenUp>().Count().ShouldBe(2);
        run.Corrupted.Count().ShouldBeLessThan(20);
    }

    private static SimulatedPreparations Run(SimulatedPreparations run, int seed)
    {
        try
        {
            run.Run();
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"Seed {seed}: {exception.Message}", exception);
        }

        return run;
    }
}
