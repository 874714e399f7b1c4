using System.Globalization;

namespace ActorTrain.Bench;

/// <summary>Alternates the sides of a comparison; the order is reversed in every other round.</summary>
/// <param name="sides">Their names, and the work of a round, which returns its speed.</param>
internal sealed class Turns(string unit, params (string Name, Func<double> Run)[] sides)
{
    private readonly List<double>[] speeds = [.. sides.Select(static _ => new List<double>())];

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

    public void Print()
    {
        for (var i = 0; i < sides.Length; i++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {sides[i].Name,-28}{Median(i),8:F0} {unit}   ({speeds[i].Min():F0} … {speeds[i].Max():F0})"));
    }

    public double Median(int side) => speeds[side].Median();

    /// <summary>The speed ratio of two sides: the median over rounds, since both have the same load within a round.</summary>
    public double Ratio(int ours, int theirs) => speeds[ours].Zip(speeds[theirs], static (a, b) => a / b).Median();
}
