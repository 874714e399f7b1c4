using System.Globalization;

namespace ActorTrain.Bench;

internal sealed class Figures
{
    private readonly List<(string Name, double Value)> figures = [];

    public void Add(string name, double value) => figures.Add((name, value));

    public void Print()
    {
        Console.WriteLine();
        foreach (var (name, value) in figures)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"figure {name} {value:G4}"));
    }
}

internal static class Statistics
{
    public static double Median(this IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
