using System.Text.Json;

namespace ActorTrain.Models.Tests.PostTraining;

/// <summary>Cases of tests/golden/post-training.json, which autograd in float64 computed from formulas of its own.</summary>
internal sealed class GoldenCase(JsonElement element)
{
    // Of the size of what is compared, or of 1 where that is smaller.
    private const double Tolerance = 1e-10;

    private static readonly JsonElement Document = JsonDocument.Parse(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "golden", "post-training.json"))).RootElement;

    public double this[string name] => element.GetProperty(name).GetDouble();

    public static IReadOnlyList<GoldenCase> Of(string name) =>
        [.. Document.GetProperty(name).EnumerateArray().Select(static item => new GoldenCase(item))];

    /// <summary>Lists of cases within it.</summary>
    public IReadOnlyList<IReadOnlyList<GoldenCase>> CaseRows(string name) =>
    [
        .. element.GetProperty(name).EnumerateArray()
            .Select(static row => row.EnumerateArray().Select(static item => new GoldenCase(item)).ToList()),
    ];

    public double? NumberOrNull(string name) =>
        element.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    public bool Is(string name) => element.GetProperty(name).GetBoolean();

    public string Word(string name) => element.GetProperty(name).GetString()!;

    public double[] Numbers(string name) => Numbers(element.GetProperty(name));

    public double?[] NumbersOrNull(string name) => NumbersOrNull(element.GetProperty(name));

    public bool[] Flags(string name) => Flags(element.GetProperty(name));

    public double[][] Rows(string name) => [.. element.GetProperty(name).EnumerateArray().Select(Numbers)];

    public double?[][] RowsOrNull(string name) => [.. element.GetProperty(name).EnumerateArray().Select(NumbersOrNull)];

    public bool[][] FlagRows(string name) => [.. element.GetProperty(name).EnumerateArray().Select(Flags)];

    public void ShouldBe(string name, double actual) => Compare(actual, this[name], name);

    public void ShouldBe(string name, IReadOnlyList<double> actual)
    {
        var expected = Numbers(name);
        actual.Count.ShouldBe(expected.Length, name);
        for (var i = 0; i < expected.Length; i++)
            Compare(actual[i], expected[i], $"{name}[{i}]");
    }

    public void ShouldBe(string name, IReadOnlyList<IReadOnlyList<double>> actual)
    {
        var expected = Rows(name);
        actual.Count.ShouldBe(expected.Length, name);
        for (var i = 0; i < expected.Length; i++)
        {
            actual[i].Count.ShouldBe(expected[i].Length, $"{name}[{i}]");
            for (var t = 0; t < expected[i].Length; t++)
                Compare(actual[i][t], expected[i][t], $"{name}[{i}][{t}]");
        }
    }

    private static void Compare(double actual, double expected, string name) =>
        actual.ShouldBe(expected, Tolerance * Math.Max(1, Math.Abs(expected)), name);

    private static double[] Numbers(JsonElement row) => [.. row.EnumerateArray().Select(static number => number.GetDouble())];

    private static double?[] NumbersOrNull(JsonElement row) =>
        [.. row.EnumerateArray().Select(static number => number.ValueKind == JsonValueKind.Null ? (double?)null : number.GetDouble())];

    private static bool[] Flags(JsonElement row) => [.. row.EnumerateArray().Select(static flag => flag.GetBoolean())];
}
