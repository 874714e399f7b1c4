using ActorTrain.Models.PostTraining.Policies;

namespace ActorTrain.Models.Tests.PostTraining;

/// <summary>Losses of policies against autograd and finite differences, and what holds for any batch.</summary>
public sealed class PolicyLossTests
{
    private static readonly PolicyOptions Everything = new()
    {
        ClipHigh = 0.28,
        KlCoefficient = 0.2,
        KlEstimator = KlEstimator.K3,
        EntropyCoefficient = 0.01,
        AgeCorrection = AgeCorrection.TokenTruncate,
        AgeHigh = 1.1,
    };

    public static TheoryData<PolicyOptions> Losses() =>
    [
        .. Enum.GetValues<LossAggregation>().Select(static aggregation => new PolicyOptions { Aggregation = aggregation, AggregationLength = 9 }),
        .. Enum.GetValues<AgeCorrection>().Select(static correction => Everything with { AgeCorrection = correction }),
        new PolicyOptions { DualClip = 1.1, ClipHigh = 0.01 },
        new PolicyOptions { Ratio = RatioLevel.SequenceMean, Aggregation = LossAggregation.SequenceMeanOfTokenMean, ClipLow = 0.03, ClipHigh = 0.04 },
        new PolicyOptions { Ratio = RatioLevel.SequenceSum, Aggregation = LossAggregation.SequenceMeanOfTokenMean },
        new PolicyOptions { Objective = PolicyObjective.Cispo },
        new PolicyOptions { Objective = PolicyObjective.Reinforce },
        Everything,
    ];

    [Fact]
    public void Losses_are_those_of_autograd()
    {
        foreach (var golden in GoldenCase.Of("policy"))
        {
            var options = OptionsOf(golden);
            var batch = new PolicyBatch
            {
                Logs = golden.Rows("logs"),
                Proximal = golden.Rows("old"),
                Behaviour = golden.Rows("behaviour"),
                Reference = golden.Rows("reference"),
                Entropies = golden.Rows("entropies"),
                Advantages = golden.Rows("advantages"),
                Masks = golden.FlagRows("masks"),
            };
            batch.Step.ShouldBe(new((long)golden["tokens"], (long)golden["sequences"]));
            var (loss, gradient, entropySlopes) = batch.Loss(options);
            golden.ShouldBe("loss", loss.Value);
            golden.ShouldBe("gradient_logs", gradient);
            golden.ShouldBe("gradient_entropies", entropySlopes
                .Select((slope, i) => batch.Masks[i].Select(live => live ? slope : 0).ToArray()).ToArray());
        }
    }

    [Fact]
    public void The_loss_of_a_critic_is_that_of_autograd()
    {
        foreach (var golden in GoldenCase.Of("value"))
        {
            var (values, old, returns, masks) = (golden.Rows("values"), golden.Rows("old"), golden.Rows("returns"), golden.FlagRows("masks"));
            var gradients = values.Select(static row => new double[row.Length]).ToArray();
            golden.ShouldBe("loss", values.Select((row, i) => ValueLoss.Of(
                row, old[i], returns[i], masks[i], golden["clip"], golden["coefficient"], (long)golden["tokens"], gradients[i])).Sum());
            golden.ShouldBe("gradient_values", gradients);
        }
    }

    /// <summary>CISPO and weighted k2 hold their weights constant, and GSPO its ratio in all but the token's own place, so for those the
    /// derivative is that with the constants held; the golden numbers cover them.</summary>
    [Theory]
    [MemberData(nameof(Losses))]
    public void A_gradient_is_that_of_finite_differences(PolicyOptions options)
    {
        if (options.Objective == PolicyObjective.Cispo)
            options = options with { ClipHigh = -0.9999 };
        for (var seed = 0; seed < 5; seed++)
        {
            // A difference across the corner of a clip has no derivative; none of these is near one.
            var batch = PolicyBatch.Random(seed);
            double[] gradient = [.. batch.Loss(options).Gradient.SelectMany(static row => row)];
            gradient.ShouldAgree(FiniteDifference.Of(flat => batch.With(flat).Loss(options).Loss.Value, batch.Flat), $"seed {seed}");
        }
    }

    [Fact]
    public void The_gradient_of_a_critic_is_that_of_finite_differences()
    {
        double[] values = [0.2, -0.4, 1.1, 0.9], old = [0, -0.5, 0.5, 1], returns = [0.7, 0.3, 0.2, 1.4];
        bool[] mask = [true, true, true, false];
        var gradient = new double[4];
        ValueLoss.Of(values, old, returns, mask, clip: 0.25, coefficient: 0.5, tokens: 7, gradient);
        gradient.ShouldAgree(
            FiniteDifference.Of(moved => ValueLoss.Of(moved, old, returns, mask, 0.25, 0.5, 7, new double[4]), values), "critic");
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void The_parts_of_a_step_add_up_however_it_is_split(PolicyOptions options)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var batch = PolicyBatch.Random(seed, sequences: 9);
            var cut = new Random(seed).Next(1, 9);
            var (whole, first, second) = (batch.Loss(options), batch.Take(..cut).Loss(options, batch.Step), batch.Take(cut..).Loss(options, batch.Step));
            (first.Loss.Value + second.Loss.Value).ShouldBe(whole.Loss.Value, 1e-12, $"seed {seed}");
            ((double[][])[.. first.Gradient, .. second.Gradient]).ShouldBe(whole.Gradient, $"seed {seed}");
            var health = first.Loss.Figures + second.Loss.Figures;
            health.ClipFraction.ShouldBe(whole.Loss.Figures.ClipFraction, 1e-12);
            health.LargestLogRatio.ShouldBe(whole.Loss.Figures.LargestLogRatio);
        }
    }

    /// <summary>Modes, dropout or other kernels moved the ratio from 1 before anything was learned (TRL#454).</summary>
    [Theory]
    [MemberData(nameof(Losses))]
    public void TRL_454_in_the_first_pass_the_ratio_is_1_and_nothing_is_clipped_and_the_gradient_is_reinforce(PolicyOptions options)
    {
        var batch = PolicyBatch.Random(seed: 4);
        batch = batch with { Logs = batch.Proximal, Behaviour = [], Reference = batch.Proximal };
        options = options with { ClipHigh = 0.2, AgeHigh = 2, DualClip = 0 };
        var (loss, gradient, _) = batch.Loss(options);
        (loss.Figures.ClipFraction, loss.Figures.ApproximateKl, loss.Figures.Dropped, loss.Figures.LargestLogRatio).ShouldBe((0, 0, 0, 0));
        loss.Figures.Ratio.ShouldBe(1, 1e-12);
        var scale = options.Ratio == RatioLevel.SequenceSum;
        var expected = batch.Loss(options with { Objective = PolicyObjective.Reinforce }).Gradient;
        for (var i = 0; i < gradient.Length; i++)
        {
            var factor = scale ? batch.Masks[i].Count(static live => live) : 1;
            for (var t = 0; t < gradient[i].Length; t++)
                gradient[i][t].ShouldBe(factor * expected[i][t], 1e-15);
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void A_token_outside_the_mask_matters_nowhere(PolicyOptions options)
    {
        var batch = PolicyBatch.Random(seed: 8);
        var (row, t) = batch.Masks.Select(static (mask, i) => (i, Array.IndexOf(mask, false))).First(static at => at.Item2 >= 0);
        var before = batch.Loss(options);
        foreach (var rows in new[] { batch.Logs, batch.Proximal, batch.Behaviour, batch.Reference, batch.Entropies, batch.Advantages })
            rows[row][t] = -37;
        var after = batch.Loss(options);
        after.Loss.ShouldBe(before.Loss);
        after.Gradient.ShouldBe(before.Gradient);
        after.Gradient[row][t].ShouldBe(0);
    }

    [Theory]
    [InlineData(1, 0.5, true)]
    [InlineData(1, -0.5, false)]
    [InlineData(-1, -0.5, true)]
    [InlineData(-1, 0.5, false)]
    public void A_clip_stops_what_went_far_enough_and_lets_back_what_went_wrong(double advantage, double logRatio, bool stops)
    {
        var range = new ClipRange(0.2, 0.28);
        var term = PpoClip.Of(logRatio, advantage, range);
        (term.Slope == 0).ShouldBe(stops);
        PpoClip.Acts(logRatio, advantage, range).ShouldBe(stops);
        term.Value.ShouldBe(-advantage * (stops ? range.Clip(Math.Exp(logRatio)) : Math.Exp(logRatio)), 1e-12);
    }

    [Fact]
    public void Log_ratios_beyond_20_are_bounded_and_have_no_gradient()
    {
        PpoClip.Of(1000, -1, new(0.2, 0.2)).Value.ShouldBe(Math.Exp(20), 1e-6);
        PpoClip.Of(1000, -1, new(0.2, 0.2)).Slope.ShouldBe(0);
        ProbabilityRatio.Of(-1000).Value.ShouldBe(Math.Exp(-20), 1e-20);
        KlDivergence.K3(-1000).Value.ShouldBe(Math.Exp(20) - 21, 1e-6);
    }

    [Fact]
    public void A_sequence_mask_drops_all_of_a_sequence_or_nothing_and_the_counts_stay()
    {
        var batch = PolicyBatch.Random(seed: 2, sequences: 12, spread: 1);
        var options = new PolicyOptions { AgeCorrection = AgeCorrection.SequenceMask, AgeHigh = 1.2, AgeLow = 0.5 };
        var (loss, gradient, _) = batch.Loss(options);
        var dropped = gradient.Select(static row => row.All(static slope => slope == 0)).ToArray();
        dropped.Distinct().Count().ShouldBe(2, "some are dropped and some are kept");
        loss.Figures.Dropped.ShouldBeGreaterThan(0);
        for (var i = 0; i < gradient.Length; i++)
        {
            var ratio = Math.Exp(ProbabilityRatio.SumOfLogs(batch.Proximal[i], batch.Behaviour[i], batch.Masks[i]));
            if (ratio is < 0.5 or > 1.2)
                dropped[i].ShouldBeTrue();
        }
    }

    [Fact]
    public void Options_that_contradict_each_other_are_reported()
    {
        new PolicyOptions().Validate().ShouldBeEmpty();
        new PolicyOptions { KlCoefficient = 0.1, KlEstimator = KlEstimator.K1 }.Validate().ShouldHaveSingleItem().ToString()
            .ShouldBe("KlEstimator k1 has no gradient in the mean; choose weighted_k2, or put the divergence in the reward.");
        new PolicyOptions { DualClip = 0.5, AgeLow = 3 }.Validate().Count().ShouldBe(2);
    }

    [Fact]
    public void Lengths_that_differ_and_a_missing_reference_are_refused()
    {
        var batch = PolicyBatch.Random(seed: 1);
        Should.Throw<ArgumentException>(() => (batch with { Proximal = [.. Enumerable.Reverse(batch.Proximal)] }).Loss(new()));
        Should.Throw<ArgumentException>(() => (batch with { Reference = [] }).Loss(new() { KlCoefficient = 0.1 }))
            .Message.ShouldContain("reference");
    }

    /// <summary>The mean of the means of micro-batches is another loss as soon as they differ in length (transformers#34191).</summary>
    [Fact]
    public void Transformers_34191_micro_batches_share_the_denominator_of_the_step()
    {
        var batch = PolicyBatch.Random(seed: 6, sequences: 8);
        var options = new PolicyOptions();
        PolicyBatch[] parts = [batch.Take(..3), batch.Take(3..)];
        parts[0].Step.Tokens.ShouldNotBe(parts[1].Step.Tokens);
        var whole = batch.Loss(options).Loss.Value;
        parts.Sum(part => part.Loss(options, batch.Step).Loss.Value).ShouldBe(whole, 1e-12);
        Math.Abs(parts.Average(part => part.Loss(options, part.Step).Loss.Value) - whole).ShouldBeGreaterThan(1e-3);
        Should.Throw<ArgumentOutOfRangeException>(() => batch.Loss(options, new StepCounts(0, 0)));
    }

    /// <summary>One name stood for three losses (TRL#3187, TRL#3021, TRL#2995). Here the name of each says which one it is, and they are not the same.</summary>
    [Fact]
    public void TRL_3187_each_aggregation_has_a_name_and_a_loss_of_its_own()
    {
        var batch = PolicyBatch.Random(seed: 5);
        batch = batch with { Logs = batch.Proximal };
        var live = batch.Masks.Select(static mask => (double)mask.Count(static token => token)).ToArray();
        var advantages = batch.Advantages.Select(static row => row[0]).ToArray();
        double Mean(Func<double, double> weight) => -advantages.Zip(live, (a, n) => a * n * weight(n)).Sum();
        (LossAggregation, double)[] expected =
        [
            (LossAggregation.TokenMean, Mean(_ => 1 / live.Sum())),
            (LossAggregation.SequenceMeanOfTokenMean, Mean(n => 1 / n / live.Length)),
            (LossAggregation.SequenceMeanOfTokenSum, Mean(_ => 1.0 / live.Length)),
            (LossAggregation.SequenceMeanOfTokenSumOverLength, Mean(_ => 1.0 / live.Length / 16)),
        ];
        expected.Select(static pair => pair.Item1).ShouldBe(Enum.GetValues<LossAggregation>());
        expected.Select(static pair => Math.Round(pair.Item2, 6)).Distinct().Count().ShouldBe(4);
        foreach (var (aggregation, value) in expected)
            batch.Loss(new() { Aggregation = aggregation, AggregationLength = 16 }).Loss.Value.ShouldBe(value, 1e-12, $"{aggregation}");
    }

    private static PolicyOptions OptionsOf(GoldenCase golden) => new()
    {
        Objective = Named<PolicyObjective>(golden.Word("objective") == "ppo" ? "PpoClip" : golden.Word("objective")),
        Ratio = golden.Word("ratio") switch
        {
            "mean" => RatioLevel.SequenceMean,
            "sum" => RatioLevel.SequenceSum,
            _ => RatioLevel.Token,
        },
        Aggregation = Named<LossAggregation>(golden.Word("aggregation")),
        AggregationLength = (int)golden["length"],
        ClipLow = golden["low"],
        ClipHigh = golden["high"],
        DualClip = golden["dual"],
        KlCoefficient = golden["kl_coefficient"],
        KlEstimator = golden.Word("kl") is { Length: > 0 } kl ? Named<KlEstimator>(kl) : KlEstimator.WeightedK2,
        EntropyCoefficient = golden["entropy_coefficient"],
        AgeCorrection = Named<AgeCorrection>(golden.Word("correction")),
        AgeLow = golden["age_low"],
        AgeHigh = golden["age_high"],
    };

    private static T Named<T>(string name)
        where T : struct, Enum => Enum.Parse<T>(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);
}
