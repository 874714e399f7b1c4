using ActorTrain.Models.Batches;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Models.Tests.Rollouts;

public sealed class ExperienceTests
{
    private const int End = 2;

    // TRL#976, TRL#1623, TRL#3091, transformers#22794, alignment-handbook#127: the end token was masked, or a prompt's tokens had credit.
    [Fact]
    public void A_completions_tokens_are_the_targets_the_end_token_too_and_a_prompts_are_not()
    {
        List<RolloutGroup> groups =
        [
            new(7, [5, End, 6], [Sample([7, 8, End], 1, ended: true), Sample([9], 0)]),
            new(9, [4], [Sample([End], 3, ended: true), Sample([6, 6], 5)]),
        ];
        var experience = new Experience(groups, new AdvantageOptions { Estimator = AdvantageEstimator.DrGrpo }, 10, isOnPolicy: true);
        var batch = experience.Batches([7, 9], 4).ShouldHaveSingleItem();
        batch.Inputs.ShouldBe([5, End, 6, 7, 8, 5, End, 6, 4, 4, 6]);
        batch.Targets.ShouldBe([-1, -1, 7, 8, End, -1, -1, 9, End, 6, 6]);
        batch.Ends.ShouldBe([5, 8, 9, 11]);
        batch.Mask.ShouldBe([false, false, true, true, true, false, false, true, true, true, true]);
        batch.Advantages.ShouldBe([0, 0, 0.5, 0.5, 0.5, 0, 0, -0.5, -1, 1, 1]);
        batch.Behaviour.ShouldBe([0, 0, -1, -2, -3, 0, 0, -1, -1, -1, -2]);
        batch.Reference.ShouldBeEmpty();
        batch.IsOnPolicy.ShouldBeTrue();
        (batch.Step.Tokens, batch.Step.Sequences).ShouldBe((7, 4));
        batch.TargetCount.ShouldBe(7);
    }

    // torchtune#2981: rows counted as batches; RLinf#1195, axon-rl/gem#113, tt-metal#46548: advantages of a slice, or of other tokens;
    // prime-rl#583: means of means.
    [Fact]
    public void However_a_step_is_cut_each_token_is_there_once_with_one_advantage_and_one_denominator()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var groups = RandomGroups(random, hasReference: seed % 2 == 0);
            var options = new AdvantageOptions
            {
                Estimator = (AdvantageEstimator)(seed % 5),
                KlCoefficient = seed % 2 == 0 ? 0.1 : 0,
                MaskTruncated = seed % 3 == 0,
                Groups = seed % 4 == 0 ? 2 : 0,
            };
            var experience = new Experience(groups, options, 10, isOnPolicy: false);
            long[] positions = [.. groups.Select(static group => group.Position)];
            var whole = Tokens(experience.Batches(positions, 1000)).ToList();
            for (var microBatch = 1; microBatch < 6; microBatch++)
            {
                // By lanes too, each of which has a part of the prompts.
                var parts = positions.Chunk(random.Next(1, 4)).SelectMany(part => experience.Batches(part, microBatch)).ToList();
                parts.ShouldAllBe(part => part.Sequences <= microBatch && part.Step == experience.Counts);
                Tokens(parts).ShouldBe(whole, $"seed {seed}");
            }

            whole.Count.ShouldBe(groups.Sum(static group => group.Samples.Sum(static sample => sample.Rollout.Ids.Count)));
            experience.Counts.Tokens.ShouldBe(Math.Max(1, whole.Count(static token => token.IsLive)));
        }
    }

    [Fact]
    public void Positions_of_another_step_are_not_there()
    {
        var experience = new Experience(RandomGroups(new Random(1), false), new AdvantageOptions(), 10, isOnPolicy: true);
        experience.Holds([100, 101]).ShouldBeTrue();
        experience.Holds([]).ShouldBeTrue();
        experience.Holds([100, 99]).ShouldBeFalse();
    }

    [Fact]
    public void The_hash_changes_with_whatever_training_reads()
    {
        List<RolloutGroup> groups =
        [
            new(7, [5, 6], [Sample([7, 8], 1, true, [-1, -2]), Sample([9], 0, false, [-1])]),
            new(9, [4, 4], [Sample([7], 2, true, [-3])]),
        ];
        var hash = HashOf(groups);
        HashOf([.. groups]).ShouldBe(hash);
        var (first, sample) = (groups[0], groups[0].Samples[0]);
        RolloutGroup With(ScoredRollout changed) => first with { Samples = [changed, first.Samples[1]] };
        ulong[] others =
        [
            HashOf([first with { Position = 8 }, groups[1]]),
            HashOf([first with { Prompt = [5, 7] }, groups[1]]),
            HashOf([first with { Prompt = [5] }, groups[1]]),
            HashOf([With(sample with { Rollout = sample.Rollout with { Ids = [7, 9] } }), groups[1]]),
            HashOf([With(sample with { Rollout = sample.Rollout with { LogProbabilities = [MathF.BitDecrement(-1f), -2] } }), groups[1]]),
            HashOf([With(sample with { Reference = [MathF.BitIncrement(-1f), -2] }), groups[1]]),
            HashOf([With(sample with { Reference = [] }), groups[1]]),
            HashOf([With(sample with { Score = new RolloutScore(1.5, []) }), groups[1]]),
            HashOf([With(sample with { Score = new RolloutScore(null, []) }), groups[1]]),
            HashOf([With(sample with { Rollout = sample.Rollout with { HasEnded = false } }), groups[1]], new() { MaskTruncated = true }),
            HashOf([first with { Samples = [first.Samples[1], sample] }, groups[1]]),
            HashOf([first]),
            HashOf(groups, new() { Estimator = AdvantageEstimator.DrGrpo }),
        ];
        others.ShouldNotContain(hash);
        others.ShouldBeUnique();
    }

    // The boundary between a prompt and a completion is part of what is learned.
    [Fact]
    public void The_hash_tells_prompts_and_completions_apart()
    {
        var options = new AdvantageOptions();
        HashOf([new(1, [5, 1], [Sample([7], 0)])], options).ShouldNotBe(HashOf([new(1, [5], [Sample([7], 0)])], options));
        HashOf([new(1, [5, 1, 7], [Sample([1, 1], 0)])], options).ShouldNotBe(HashOf([new(1, [5], [Sample([7, 1], 0)])], options));
    }

    [Fact]
    public void The_summary_has_the_means_of_what_is_known()
    {
        List<RolloutGroup> groups =
        [
            new(1, [1], [Scored([1, 2, End], 4, [1, null], true, [-2, -2, -2]), Scored([3], null, [null, null], false, [-1.5f])]),
            new(2, [1], [Scored([4, 5], 1, [2, 8], false, [-1, -2]), Scored([4, 5], 1, [3, 8], false, [-1, -2])]),
        ];
        var summary = RolloutSummary.Of(groups);
        (summary.Rollouts, summary.Tokens, summary.Unscored, summary.Length).ShouldBe((4, 8, 1, 2));
        summary.Reward.ShouldBe(2);
        summary.Parts.ShouldBe([2, 8]);
        summary.Ended.ShouldBe(0.25);
        summary.Spread.ShouldBe(0);
        summary.Entropy.ShouldBe((1 + 2 + 3 + 1 + 1 + 2 + 1 + 2) / 8.0);
        summary.Divergence.ShouldBe((0 + 0.5 + 0 + 0) / 4);
        var unknown = RolloutSummary.Of([new RolloutGroup(1, [1], [Scored([1], null, [null], false, [])])]);
        (unknown.Reward, unknown.Parts[0], unknown.Divergence).ShouldBe((double.NaN, double.NaN, null));
    }

    private static ulong HashOf(IReadOnlyList<RolloutGroup> groups, AdvantageOptions? options = null) =>
        new Experience(groups, options ?? new(), 10, isOnPolicy: true).Hash;

    private static List<RolloutGroup> RandomGroups(Random random, bool hasReference) =>
    [
        .. Enumerable.Range(0, 5).Select(i => new RolloutGroup(
            100 + i, [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(50))],
            [
                .. Enumerable.Range(0, 3).Select(_ =>
                {
                    int[] ids = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(50))];
                    return Sample(
                        ids, random.Next(4) == 0 ? null : random.Next(3), random.Next(2) == 0,
                        hasReference ? [.. ids.Select(_ => -random.NextSingle())] : []);
                }),
            ])),
    ];

    private static IEnumerable<(long Target, double Behaviour, double Reference, double Advantage, bool IsLive)> Tokens(
        IEnumerable<RolloutBatch> batches) => batches.SelectMany(static batch => Enumerable.Range(0, batch.Targets.Length)
            .Where(row => batch.Targets[row] != TokenBatch.NoTarget)
            .Select(row => (batch.Targets[row], batch.Behaviour[row], batch.Reference.Length == 0 ? 0 : batch.Reference[row],
                batch.Advantages[row], batch.Mask[row])));

    private static ScoredRollout Sample(int[] ids, double? reward, bool ended = false, float[]? reference = null) =>
        Scored(ids, reward, [], ended, reference ?? []);

    private static ScoredRollout Scored(int[] ids, double? reward, double?[] parts, bool ended, float[] reference) => new(
        new Rollout([.. ids], [.. ids.Select(static (_, t) => -1f - t)], ended), new RolloutScore(reward, [.. parts]), [.. reference]);
}
