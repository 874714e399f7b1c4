using ActorTrain.Models.PostTraining.Policies;

namespace ActorTrain.Models.Tests.PostTraining;

/// <summary>Sequences of a step, whose losses add up to that of the step.</summary>
internal sealed record PolicyBatch
{
    public required double[][] Logs { get; init; }

    public required double[][] Proximal { get; init; }

    public double[][] Behaviour { get; init; } = [];

    public double[][] Reference { get; init; } = [];

    public double[][] Entropies { get; init; } = [];

    public required double[][] Advantages { get; init; }

    public required bool[][] Masks { get; init; }

    public StepCounts Step => new(Masks.Sum(static mask => mask.Count(static live => live)), Masks.Length);

    public double[] Flat => [.. Logs.SelectMany(static row => row)];

    /// <summary>Like data of a few updates: ratios on both sides of the clip, advantages of both signs.</summary>
    public static PolicyBatch Random(int seed, int sequences = 6, double spread = 0.4)
    {
        var random = new Random(seed);
        var lengths = Enumerable.Range(0, sequences).Select(_ => random.Next(1, 7)).ToArray();
        var proximal = lengths.Select(n => Row(n, () => -2 * random.NextDouble() - 0.1)).ToArray();
        return new()
        {
            Proximal = proximal,
            Logs = Near(proximal),
            Behaviour = Near(proximal),
            Reference = Near(proximal),
            Entropies = [.. lengths.Select(n => Row(n, random.NextDouble))],
            Advantages = [.. lengths.Select(n => Enumerable.Repeat(2 * random.NextDouble() - 1, n).ToArray())],
            Masks = [.. lengths.Select(n => Enumerable.Range(0, n).Select(t => t == 0 || random.Next(5) > 0).ToArray())],
        };

        double[][] Near(double[][] rows) =>
            [.. rows.Select(row => row.Select(l => l + spread * (random.NextDouble() + random.NextDouble() - 1)).ToArray())];

        static double[] Row(int length, Func<double> draw) => [.. Enumerable.Range(0, length).Select(_ => draw())];
    }

    public PolicyBatch With(double[] flat)
    {
        var from = 0;
        return this with { Logs = [.. Logs.Select(row => flat[from..(from += row.Length)])] };
    }

    public PolicyBatch Take(Range part)
    {
        return this with
        {
            Logs = Logs[part],
            Proximal = Proximal[part],
            Behaviour = Optional(Behaviour),
            Reference = Optional(Reference),
            Entropies = Optional(Entropies),
            Advantages = Advantages[part],
            Masks = Masks[part],
        };

        double[][] Optional(double[][] rows) => rows.Length == 0 ? rows : rows[part];
    }

    /// <summary>The loss with the counts of a step, and ∂L/∂ℓ_t of each sequence.</summary>
    public (SequenceLoss Loss, double[][] Gradient, double[] EntropySlopes) Loss(PolicyOptions options, StepCounts? step = null)
    {
        var gradients = Logs.Select(static row => new double[row.Length]).ToArray();
        var losses = Logs.Select((row, i) => PolicyLoss.Of(
            new PolicySequence
            {
                LogProbabilities = row,
                Proximal = Proximal[i],
                Behaviour = RowOf(Behaviour, i),
                Reference = RowOf(Reference, i),
                Entropies = RowOf(Entropies, i),
                Advantages = Advantages[i],
                Mask = Masks[i],
            },
            options, step ?? Step, gradients[i])).ToArray();
        var whole = losses.Aggregate(static (sum, loss) => new(sum.Value + loss.Value, 0, sum.Figures + loss.Figures));
        return (whole, gradients, [.. losses.Select(static loss => loss.EntropySlope)]);

        static double[] RowOf(double[][] rows, int i) => rows.Length == 0 ? [] : rows[i];
    }
}
