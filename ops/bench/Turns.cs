using System.Globalization;

namespace ActorTrain.Bench;

/// <summary>Sides of a comparison that work in turns; whoever comes first in one round comes last in the next.</summary>
/// <param name="sides">Their names, and what each does in a round; it returns its speed.</param>
internal sealed class Turns(string unit, params (string Name, Func<double> Run)[] sides)
{
    private readonly List<double>[] speeds = [.. sides.Select(static _ => new List<double>())];

    /// <summary>Takes some rounds and prints each.</summary>
    public void Take(int rounds, Action? between = null)
    {
        for (var round = 0; round < rounds; round++)
        {
            var order = Enumerable.Range(0, sides.Length);
            foreach (var side in round % 2 == 0 ? order : order.Reverse())
                speeds[side].Add(sides[side].Run());
            between?.Invoke();
            Console.WriteLine($"  round {round + 1}: " + string.Join(", ",
                sides.Select((side, i) => string.Create(CultureInfo.InvariantCulture, $"{side.Name} {speeds[i][^1]:F0}"))));
        }
    }

    /// <summary>Prints the median of each side and its range.</summary>
    public void Print()
    {
        for (var i = 0; i < sides.Length; i++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {sides[i].Name,-28}{Median(i),8:F0} {unit}   ({speeds[i].Min():F0} … {speeds[i].Max():F0})"));
    }

    /// <summary>The median speed of a side.</summary>
    public double Median(int side) => speeds[side].Median();

    /// <summary>How many times as fast one side is as another: taken within each round, where both meet the same load, and then the median
    /// of the rounds.</summary>
    public double Ratio(int ours, int theirs) => speeds[ours].Zip(speeds[theirs], static (a, b) => a / b).Median();
}
