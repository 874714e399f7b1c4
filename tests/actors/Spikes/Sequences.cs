using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Tests.Spikes;

/// <summary>Random signals of runs with as many lanes as tensors, by seed.</summary>
internal static class Sequences
{
    private const int Tensors = 5;
    private const int SoundSteps = 150;

    /// <summary>A loss that falls with noise and a gradient norm that scatters; later both leap for a few steps now and then; some are no
    /// numbers.</summary>
    public static IReadOnlyList<StepSignals> Wild(int seed, int steps)
    {
        var random = new Random(seed);
        var signals = new List<StepSignals>();
        var (leap, left) = (1.0, 0);
        for (var step = 0; step < steps; step++)
        {
            if (left-- <= 0)
                (leap, left) = step > SoundSteps && random.Next(3) == 0 ? (1.2 + (5 * random.NextDouble()), random.Next(1, 20))
                    : (1, random.Next(5, 40));
            var loss = (1.5 + (4 * Math.Exp(-step / 150.0))) * leap * (1 + (0.05 * Normal(random)));
            var norm = leap * Math.Exp(0.3 * Normal(random));
            var broken = random.Next(60) == 0;
            signals.Add(Signals(step, broken && random.Next(2) == 0 ? double.NaN : loss, broken ? random.Next(2) == 0
                ? double.PositiveInfinity : double.NaN : norm, random));
        }

        return signals;
    }

    /// <summary>Any finite numbers, over many orders of magnitude.</summary>
    public static IReadOnlyList<StepSignals> Finite(int seed, int steps)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, steps)
            .Select(step => Signals(step, Math.Exp(3 * Normal(random)), Math.Exp(5 * Normal(random)), random))];
    }

    /// <summary>A step of which only loss and gradient norm are known.</summary>
    public static StepSignals Of(long step, double loss, double norm = 1) => new() { Step = step, Loss = loss, GradientNorm = norm };

    /// <summary>A number of the standard normal distribution.</summary>
    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static StepSignals Signals(long step, double loss, double norm, Random random)
    {
        double[] parts = [.. Enumerable.Range(0, Tensors).Select(_ => random.NextDouble() + 0.1)];
        var total = Math.Sqrt(parts.Sum(static part => part * part));
        double[] norms = [.. parts.Select(part => norm * part / total)];
        return new StepSignals
        {
            Step = step,
            Loss = loss,
            LaneLosses = [.. parts.Select(part => loss * part / parts.Average())],
            GradientNorm = norm,
            TensorNorms = [.. norms],
            EmbeddingNorm = norms[0],
            UpdateNorm = norm / 100,
            BlockNorms = [norms[1], Math.Sqrt((norms[2] * norms[2]) + (norms[3] * norms[3]))],
        };
    }
}
