using System.Text.Json;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Golden;

/// <summary>Frequencies, cosines and sines of published models' rotary positions, against tests/golden/rotary.json, computed
/// independently.</summary>
public sealed class RotaryGoldenTests
{
    private static readonly JsonElement Cases = JsonDocument.Parse(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "golden", "rotary.json"))).RootElement;

    public static TheoryData<string> Names => [.. Cases.EnumerateArray().Select(static one => one.GetProperty("model").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Frequencies_and_amplitude_agree(string model)
    {
        var golden = Golden(model);
        var scaling = Scaling(golden.GetProperty("scaling"));
        var expected = Numbers(golden.GetProperty("frequencies"));
        var frequencies = scaling.Frequencies(golden.GetProperty("head_width").GetInt32(), golden.GetProperty("theta").GetDouble());
        frequencies.Length.ShouldBe(expected.Length);
        for (var i = 0; i < expected.Length; i++)
            frequencies[i].ShouldBe(expected[i], 1e-12 * expected[i], $"of pair {i}");
        scaling.Amplitude.ShouldBe(golden.GetProperty("amplitude").GetDouble(), 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_table_has_their_cosines_and_sines_times_the_amplitude(string model)
    {
        using var scope = NewDisposeScope();
        var golden = Golden(model);
        int[] positions = [.. golden.GetProperty("positions").EnumerateArray().Select(static one => one.GetInt32())];
        using var table = new RotaryTable(positions.Max() + 1, golden.GetProperty("head_width").GetInt32(),
            golden.GetProperty("theta").GetDouble(), Scaling(golden.GetProperty("scaling")));
        foreach (var (name, values) in new[] { ("cos", table.Cos), ("sin", table.Sin) })
        {
            foreach (var (row, position) in positions.Index().Select(static at => (at.Index, at.Item)))
            {
                var expected = Numbers(golden.GetProperty(name)[row]);
                var ours = values[position].data<float>().ToArray();
                ours.Length.ShouldBe(expected.Length);
                for (var i = 0; i < expected.Length; i++)
                    ((double)ours[i]).ShouldBe(expected[i], 1e-7, $"{name} of pair {i} at {position}");
            }
        }
    }

    // What runs without scaling are made of must not change in any bit.
    [Fact]
    public void Without_scaling_the_table_is_that_of_the_plain_formula_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        using var table = new RotaryTable(300, 24, 500_000);
        var (cos, sin) = (table.Cos.data<float>().ToArray(), table.Sin.data<float>().ToArray());
        for (var t = 0; t < 300; t++)
        {
            for (var i = 0; i < 12; i++)
                (sin[12 * t + i], cos[12 * t + i]).ShouldBe(((float, float))Math.SinCos(t * Math.Pow(500_000, -2.0 * i / 24)));
        }
    }

    private static JsonElement Golden(string model) =>
        Cases.EnumerateArray().Single(one => one.GetProperty("model").GetString() == model);

    private static double[] Numbers(JsonElement row) => [.. row.EnumerateArray().Select(static number => number.GetDouble())];

    private static RopeScaling Scaling(JsonElement scaling)
    {
        return new RopeScaling
        {
            Type = Enum.Parse<RopeScalingType>(scaling.GetProperty("type").GetString()!, ignoreCase: true),
            Factor = Number("factor"),
            OriginalContext = (int?)Number("original_context"),
            LowFrequencyFactor = Number("low_frequency_factor"),
            HighFrequencyFactor = Number("high_frequency_factor"),
            BetaFast = Number("beta_fast"),
            BetaSlow = Number("beta_slow"),
            Truncate = scaling.TryGetProperty("truncate", out var truncate) ? truncate.GetBoolean() : null,
            AttentionFactor = Number("attention_factor"),
        }.Complete();

        double? Number(string name) => scaling.TryGetProperty(name, out var value) ? value.GetDouble() : null;
    }
}
