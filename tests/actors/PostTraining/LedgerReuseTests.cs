using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Rollouts;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>Rollouts from a sampler, over the files of the ledger and another process, to the batches of a trainer.</summary>
public sealed class LedgerReuseTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private static readonly PublishedWeights Published = new(Step: 6, Slot: 0, Hash: 77);
    private static readonly BatchPlan Plan = new(3, 1000, 4, 4);

    private readonly TestFolder folder = new();
    private readonly SimulatedPolicy policy = new(Plan);

    public void Dispose() => folder.Dispose();

    // TRL#6804: a buffer of rollouts had tests of its own, and never gave the trainer one.
    [Fact]
    public void A_later_process_trains_on_the_rollouts_of_the_ledger_and_samples_none()
    {
        var first = Prepare(policy.Options, SimulatedPolicy.Rollout);
        first.Sampled.ShouldBe(4 * SimulatedPolicy.Samples);
        var second = Prepare(policy.Options, SimulatedPolicy.Rollout);
        second.Sampled.ShouldBe(0);
        second.Experience.Hash.ShouldBe(first.Experience.Hash);

        var memory = new ExperienceMemory(RolloutSchedule.OnPolicy);
        memory.Put(second.Experience);
        var batches = memory.Batches(Plan.Samples(6, SkipList.Empty), microBatch: 5).ToList();
        batches.Sum(static batch => batch.Sequences).ShouldBe(4 * SimulatedPolicy.Samples);
        batches.Sum(static batch => batch.Mask.Count(static live => live)).ShouldBeGreaterThan(0);

        // Without the file, everything is sampled again, to the same bits.
        Directory.Delete(folder.At("rollouts"), recursive: true);
        var third = Prepare(policy.Options, SimulatedPolicy.Rollout);
        (third.Sampled, third.Experience.Hash).ShouldBe((first.Sampled, first.Experience.Hash));
    }

    // Megatron-Bridge#5959, ms-swift#10012, minimind#850, NeMo-Gym#1416: completions were decoded and encoded again, and other tokens were
    // trained on than had been sampled.
    [Fact]
    public void The_tokens_that_were_sampled_are_those_that_are_trained_on_though_their_text_would_be_encoded_otherwise()
    {
        // Bytes that are no text, a word in the pieces in which no tokenizer cuts it, and an end in the middle.
        int[][] odd = [[255, 254, 0], ['t', 'h', 'e', 3], [3, 3], [' ', ' ', 9999]];
        foreach (var life in new[] { "sampled", "read" })
        {
            var (_, experience) = Prepare(policy.Options with { References = 0 }, (_, position, sample) =>
            {
                var ids = odd[(position + sample) % odd.Length];
                return new Rollout([.. ids], [.. ids.Select(static id => -1f / (1 + id))], HasEnded: false);
            });
            foreach (var (group, index) in experience.Groups.Select(static (group, index) => (group, index)))
            {
                var batch = experience.Batches([group.Position], microBatch: 100).ShouldHaveSingleItem();
                batch.Targets.Where(static target => target != TokenBatch.NoTarget).ShouldBe(
                    Enumerable.Range(0, SimulatedPolicy.Samples)
                        .SelectMany(sample => odd[(group.Position + sample) % odd.Length]).Select(static id => (long)id), $"{life}, {index}");
            }
        }
    }

    // One process, whose workers answer at once.
    private (int Sampled, Experience Experience) Prepare(RolloutsOptions options, Func<ulong, long, int, Rollout> sample)
    {
        var ledger = new RolloutLedger(folder.At("rollouts"));
        var logic = new RolloutsLogic(options);
        var sampled = 0;
        Experience? experience = null;
        Do(logic.Begin(Noon));
        Do(logic.Handle(new PrepareExperience(1, 1, 6, Published, SkipList.Empty), Noon));
        return (sampled, experience.ShouldNotBeNull());

        void Do(IReadOnlyList<RolloutsEffect> effects)
        {
            foreach (var effect in effects)
            {
                switch (effect)
                {
                    case TellLedger(ReadRollouts read):
                        Do(logic.Handle(new RolloutsRead(read.Number, ledger.Read(read.Step)), Noon));
                        break;
                    case TellLedger(KeepRollouts keep):
                        ledger.Write(keep.Rollouts);
                        Do(logic.Handle(new RolloutsKept(keep.Number), Noon));
                        break;
                    case TellWorker(var worker, GenerateRollouts order):
                        sampled += order.Samples.Count;
                        foreach (var number in order.Samples)
                        {
                            Do(logic.Handle(
                                new RolloutDone(
                                    worker, order.Number, order.Position, number, order.Attempt,
                                    sample(order.Weights.Hash, order.Position, number), order.Weights.Hash),
                                Noon));
                        }

                        break;
                    case TellWorker({ Role: var role } worker, JudgeRollouts order):
                        Do(logic.Handle(Judged(role, worker, order), Noon));
                        break;
                    case HandOver(_, var given):
                        experience = given;
                        break;
                }
            }
        }
    }

    private static WorkerReport Judged(ActorRole role, ActorId worker, JudgeRollouts order) => role == ActorRole.Reward
        ? new RewardsScored(worker, order.Number, order.Position, order.Attempt, [.. order.Rollouts.Select(SimulatedPolicy.Score)])
        : new ReferencesScored(worker, order.Number, order.Position, order.Attempt, [.. order.Rollouts.Select(SimulatedPolicy.Reference)]);
}
