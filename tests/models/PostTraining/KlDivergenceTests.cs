using ActorTrain.Models.PostTraining;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Models.Tests.PostTraining;

/// <summary>The estimators of the KL divergence as values and as losses, on a policy of three tokens, where both divergences and their
/// gradients are known.</summary>
public sealed class KlDivergenceTests
{
    private const int Samples = 200_000;

    private static readonly double[] Policy = [0.5, 0.3, 0.2], Reference = [0.2, 0.2, 0.6], Sampler = [0.3, 0.4, 0.3];

    // By the logits of the policy: ∂KL(π‖πʳ) = π_i (log π_i/πʳ_i − KL), and ∂KL(πʳ‖π) = π_i − πʳ_i.
    private static readonly double Divergence = Policy.Zip(Reference, static (p, r) => p * Math.Log(p / r)).Sum();

    private static readonly double[] ReverseGradient =
        [.. Policy.Zip(Reference, static (p, r) => p * (Math.Log(p / r) - Divergence))];

    private static readonly double[] ForwardGradient = [.. Policy.Zip(Reference, static (p, r) => p - r)];

    [Fact]
    public void Estimators_are_those_of_autograd()
    {
        foreach (var golden in GoldenCase.Of("kl"))
        {
            var (logs, reference, sampler) = (golden.Numbers("logs"), golden.Numbers("reference"), golden.Numbers("sampler"));
            var estimator = Enum.Parse<KlEstimator>(golden.Word("estimator").Replace("_", "", StringComparison.Ordinal), ignoreCase: true);
            var terms = logs.Select((l, i) => KlDivergence.Of(estimator, l - reference[i], l - sampler[i])).ToArray();
            golden.ShouldBe("values", terms.Select(static term => term.Value).ToArray());
            golden.ShouldBe("gradient_logs", terms.Select(static term => term.Slope).ToArray());
        }
    }

    [Theory]
    [InlineData(KlEstimator.K1)]
    [InlineData(KlEstimator.K2)]
    [InlineData(KlEstimator.K3)]
    public void Slopes_are_those_of_finite_differences(KlEstimator estimator)
    {
        foreach (var x in new[] { -2, -1e-3, 0, 0.4, 3 })
        {
            new[] { KlDivergence.Of(estimator, x, 0).Slope }.ShouldAgree(
                FiniteDifference.Of(at => KlDivergence.Of(estimator, at[0], 0).Value, [x]), $"{estimator} at {x}");
        }
    }

    /// <summary>The other half of the same fact: the unbiased value ρ k3, differentiated through ρ as well, has the slope of sg[ρ] k2.</summary>
    [Fact]
    public void The_derivative_of_rho_times_k3_is_the_slope_of_weighted_k2()
    {
        foreach (var x in new[] { -1.5, 0.2, 1.1 })
        {
            const double sampler = 0.3;
            var derivative = FiniteDifference.Of(static at => Math.Exp(at[0] - sampler) * KlDivergence.K3(at[0]).Value, [x]);
            new[] { KlDivergence.WeightedK2(x, x - sampler).Slope }.ShouldAgree(derivative, $"at {x}");
        }
    }

    [Theory]
    [InlineData(KlEstimator.K1)]
    [InlineData(KlEstimator.K3)]
    public void K1_and_k3_are_unbiased_as_values(KlEstimator estimator)
    {
        var (mean, error) = Means(Policy, token => [Estimate(estimator, token, Policy).Value])[0];
        mean.ShouldBe(Divergence, 5 * error);
        error.ShouldBeLessThan(3e-3);
    }

    /// <summary>"The KL loss has no effect", and "a larger beta induces a larger KL" (OpenRLHF#1309, verl#2953, open-instruct#534): k1 as a loss
    /// has no gradient in the mean, k3 has that of the forward divergence, and k2 is right on the policy's own samples only.</summary>
    [Theory]
    [InlineData(KlEstimator.K1, false, "none")]
    [InlineData(KlEstimator.K2, false, "reverse")]
    [InlineData(KlEstimator.K3, false, "forward")]
    [InlineData(KlEstimator.WeightedK2, false, "reverse")]
    [InlineData(KlEstimator.WeightedK2, true, "reverse")]
    [InlineData(KlEstimator.K2, true, "another")]
    public void OpenRLHF_1309_only_k2_times_rho_has_the_gradient_of_the_reverse_divergence(
        KlEstimator estimator, bool offPolicy, string direction)
    {
        var sampler = offPolicy ? Sampler : Policy;

        // ∂L/∂logit_i = ∂L/∂ℓ · (1[i = token] − π_i).
        var gradient = Means(sampler, token =>
        {
            var slope = Estimate(estimator, token, sampler).Slope;
            return [.. Policy.Select((p, i) => slope * ((i == token ? 1 : 0) - p))];
        });
        var expected = direction switch { "none" => new double[3], "forward" => ForwardGradient, _ => ReverseGradient };
        gradient.ShouldAllBe(static part => part.Error < 4e-3);
        var agrees = gradient.Zip(expected, static (part, exact) => Math.Abs(part.Mean - exact) < 5 * part.Error).All(static near => near);
        agrees.ShouldBe(direction != "another", string.Join(", ", gradient));
    }

    [Fact]
    public void The_three_directions_are_well_apart()
    {
        for (var i = 0; i < 3; i++)
            Math.Abs(ReverseGradient[i] - ForwardGradient[i]).ShouldBeGreaterThan(0.02);
        ReverseGradient.ShouldAllBe(static part => Math.Abs(part) > 0.01);
        ReverseGradient.Sum().ShouldBe(0, 1e-12);
    }

    private static Term Estimate(KlEstimator estimator, int token, double[] sampler)
    {
        var l = Math.Log(Policy[token]);
        return KlDivergence.Of(estimator, l - Math.Log(Reference[token]), l - Math.Log(sampler[token]));
    }

    // With the standard error of each mean.
    private static (double Mean, double Error)[] Means(double[] sampler, Func<int, double[]> of)
    {
        var random = new CounterRandom(seed: 17, step: 0, lane: 0, RandomUse.Sampling);
        var byToken = Enumerable.Range(0, 3).Select(of).ToArray();
        var counts = new int[3];
        for (var i = 0; i < Samples; i++)
        {
            var u = random.NextUniform();
            counts[u < sampler[0] ? 0 : u < sampler[0] + sampler[1] ? 1 : 2]++;
        }

        return [.. Enumerable.Range(0, byToken[0].Length).Select(part =>
        {
            var mean = counts.Select((count, token) => count * byToken[token][part]).Sum() / Samples;
            var variance = counts.Select((count, token) => count * Math.Pow(byToken[token][part] - mean, 2)).Sum() / Samples;
            return (mean, Math.Sqrt(variance / Samples) + 1e-12);
        })];
    }
}
