using ActorTrain.Models.PostTraining;
using ActorTrain.Models.PostTraining.Preferences;

namespace ActorTrain.Models.Tests.PostTraining;

/// <summary>Preference losses against autograd, finite differences, and their behaviour in known cases.</summary>
public sealed class PreferenceTests
{
    private delegate PairLoss Loss(in PreferencePair pair, long pairs);

    public static TheoryData<PreferenceOptions> Losses() =>
    [
        new PreferenceOptions { Loss = PreferenceLoss.Dpo, Beta = 0.5 },
        new PreferenceOptions { Loss = PreferenceLoss.Dpo, Beta = 0.3, LabelSmoothing = 0.2 },
        new PreferenceOptions { Loss = PreferenceLoss.Ipo, IpoForm = CompletionForm.Sum },
        new PreferenceOptions { Loss = PreferenceLoss.Ipo, IpoForm = CompletionForm.Mean },
        new PreferenceOptions { Loss = PreferenceLoss.SimPo, Beta = 2 },
        new PreferenceOptions { Loss = PreferenceLoss.Orpo, Beta = 0.7 },
        new PreferenceOptions { Loss = PreferenceLoss.Kto, Beta = 0.6, DesirableWeight = 1.2, UndesirableWeight = 0.8 },
    ];

    [Fact]
    public void Dpo_is_that_of_autograd() => ComparePairs("dpo", static golden =>
        (in PreferencePair pair, long pairs) => Dpo.Of(pair, golden["beta"], golden["smoothing"], pairs));

    [Fact]
    public void Ipo_is_that_of_autograd() => ComparePairs("ipo", static golden => (in PreferencePair pair, long pairs) =>
        Ipo.Of(pair, golden["beta"], golden.Is("mean") ? CompletionForm.Mean : CompletionForm.Sum, pairs));

    [Fact]
    public void SimPo_is_that_of_autograd() => ComparePairs("simpo", static golden =>
        (in PreferencePair pair, long pairs) => SimPo.Of(pair, golden["beta"], golden["gamma"], pairs));

    [Fact]
    public void Orpo_is_that_of_autograd() => ComparePairs("orpo", static golden =>
        (in PreferencePair pair, long pairs) => Orpo.Of(pair, golden["beta"], pairs));

    [Fact]
    public void Kto_is_that_of_autograd()
    {
        foreach (var golden in GoldenCase.Of("kto"))
        {
            var (policy, reference, desirable) = (golden.Rows("policy"), golden.Rows("reference"), golden.Flags("desirable"));
            var z = Kto.ReferencePoint(golden.Numbers("mismatched"), policy.Length);
            golden.ShouldBe("z", z);
            var losses = policy.Select((tokens, i) => Kto.Of(All(tokens, reference[i]), desirable[i], z, golden["beta"],
                golden[desirable[i] ? "desirable_weight" : "undesirable_weight"], policy.Length)).ToArray();
            golden.ShouldBe("loss", losses.Sum(static loss => loss.Value));
            golden.ShouldBe("gradient_policy", losses.Select((loss, i) => Repeat(loss.Slope, policy[i])).ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void A_gradient_is_that_of_finite_differences(PreferenceOptions options)
    {
        double[] chosen = [-0.4, -1.3, -0.2], rejected = [-0.7, -0.9], reference = [-0.5, -1.0, -0.3];
        double Value(double[] c, double[] r) =>
            options.LossOf(new(All(c, reference), All(r, reference[..2])), pairs: 4).Value;
        var loss = options.LossOf(new(All(chosen, reference), All(rejected, reference[..2])), pairs: 4);
        Repeat(loss.Chosen, chosen).ShouldAgree(FiniteDifference.Of(c => Value(c, rejected), chosen), "chosen");
        Repeat(loss.Rejected, rejected).ShouldAgree(FiniteDifference.Of(r => Value(chosen, r), rejected), "rejected");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_gradient_of_kto_is_that_of_finite_differences(bool isDesirable)
    {
        double[] tokens = [-0.4, -1.3, -0.2], reference = [-0.5, -1.0, -0.3];
        Term Of(double[] policy) => Kto.Of(All(policy, reference), isDesirable, z: 0.1, beta: 0.4, weight: 1.2, completions: 4);
        Repeat(Of(tokens).Slope, tokens).ShouldAgree(FiniteDifference.Of(policy => Of(policy).Value, tokens), "tokens");
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Every_loss_raises_the_chosen_completion_and_lowers_the_rejected_one(PreferenceOptions options)
    {
        var loss = options.LossOf(new(new(-2, -2, 3), new(-2, -2, 3)), pairs: 1);
        loss.Chosen.ShouldBeLessThan(0);
        loss.Rejected.ShouldBeGreaterThan(0);
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Pairs_of_a_step_add_up_however_they_are_split(PreferenceOptions options)
    {
        var pairs = RandomPairs(seed: 3, count: 12);
        var whole = pairs.Sum(pair => options.LossOf(pair, 1).Value) / 12;
        (pairs[..5].Sum(pair => options.LossOf(pair, 12).Value) + pairs[5..].Sum(pair => options.LossOf(pair, 12).Value)).ShouldBe(whole, 1e-12);
    }

    [Fact]
    public void At_the_reference_dpo_is_ln_2_and_kto_a_half()
    {
        var same = new PreferencePair(new(-3, -3, 2), new(-4, -4, 2));
        Dpo.Of(same, 0.1, 0, 1).Value.ShouldBe(Math.Log(2), 1e-15);
        Kto.Of(same.Chosen, true, z: 0, 0.1, 1, 1).Value.ShouldBe(0.5);
    }

    [Fact]
    public void Large_margins_overflow_nothing()
    {
        foreach (var margin in new[] { -1e5, 1e5 })
        {
            var pair = new PreferencePair(new(margin, 0, 3), new(0, 0, 3));
            var loss = Dpo.Of(pair, 0.1, 0, 1);
            loss.Value.ShouldBe(margin < 0 ? 1e4 : 0);
            loss.Chosen.ShouldBe(margin < 0 ? -0.1 : 0);
        }
    }

    [Fact]
    public void A_step_without_pairs_has_no_loss() =>
        Should.Throw<ArgumentOutOfRangeException>(static () => Dpo.Of(new(new(-1, -1, 1), new(-1, -1, 1)), 0.1, 0, pairs: 0));

    [Fact]
    public void A_completion_without_tokens_is_refused() =>
        Should.Throw<ArgumentException>(static () => Completion.Of([-1.0, -2.0], [], [false, false]));

    [Fact]
    public void The_reference_point_of_a_part_of_the_step_is_refused() =>
        Should.Throw<InvariantException>(static () => Kto.ReferencePoint([0.5, 0.7], pairs: 4)).Message.ShouldContain("all 4");

    /// <summary>Log-probabilities were rolled by one, so that the sum of a completion held a token of the prompt and missed its own
    /// last.</summary>
    [Fact]
    public void TRL_2568_a_completion_sums_its_own_tokens_and_no_other()
    {
        double[] logProbabilities = [-100, -1, -2, -4, -1000];
        var completion = Completion.Of(logProbabilities, logProbabilities, [false, true, true, true, false]);
        completion.ShouldBe(new Completion(-7, -7, 3));
        completion.LogRatio.ShouldBe(0);
        foreach (var outside in new[] { 0, 4 })
        {
            double[] moved = [.. logProbabilities];
            moved[outside] = -5;
            Completion.Of(moved, moved, [false, true, true, true, false]).ShouldBe(completion);
        }
    }

    private static void ComparePairs(string name, Func<GoldenCase, Loss> lossOf)
    {
        foreach (var golden in GoldenCase.Of(name))
        {
            var (chosen, rejected) = (golden.Rows("chosen"), golden.Rows("rejected"));
            var (chosenReference, rejectedReference) = (golden.Rows("chosen_reference"), golden.Rows("rejected_reference"));
            var of = lossOf(golden);
            var losses = chosen.Select((tokens, i) =>
                of(new(All(tokens, chosenReference[i]), All(rejected[i], rejectedReference[i])), chosen.Length)).ToArray();
            golden.ShouldBe("loss", losses.Sum(static loss => loss.Value));
            golden.ShouldBe("gradient_chosen", losses.Select((loss, i) => Repeat(loss.Chosen, chosen[i])).ToArray());
            golden.ShouldBe("gradient_rejected", losses.Select((loss, i) => Repeat(loss.Rejected, rejected[i])).ToArray());
        }
    }

    private static PreferencePair[] RandomPairs(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => new PreferencePair(Random(), Random()))];

        Completion Random() => new(-5 * random.NextDouble() - 0.1, -5 * random.NextDouble() - 0.1, random.Next(1, 9));
    }

    private static Completion All(double[] tokens, double[] reference) =>
        Completion.Of(tokens, reference, Enumerable.Repeat(true, tokens.Length).ToArray());

    private static double[] Repeat(double coefficient, double[] tokens) => [.. tokens.Select(_ => coefficient)];
}
