namespace ActorTrain.Models.Tests.PostTraining;

internal static class FiniteDifference
{
    /// <summary>The gradient of a function by central differences of fourth order; errors are around 1e-10 of the function's size.</summary>
    public static double[] Of(Func<double[], double> function, double[] at)
    {
        const double step = 1e-3;
        return [.. at.Select((_, i) => (8 * (Moved(i, step) - Moved(i, -step)) - (Moved(i, 2 * step) - Moved(i, -2 * step))) / (12 * step))];

        double Moved(int i, double by)
        {
            double[] moved = [.. at];
            moved[i] += by;
            return function(moved);
        }
    }

    public static void ShouldAgree(this double[] gradient, double[] expected, string because)
    {
        gradient.Length.ShouldBe(expected.Length, because);
        for (var i = 0; i < gradient.Length; i++)
            gradient[i].ShouldBe(expected[i], 1e-8 * Math.Max(1, Math.Abs(expected[i])), $"{because}, element {i}");
    }
}
