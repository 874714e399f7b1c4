using System.Text.Json;
using System.Text.Json.Nodes;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.HuggingFace;

namespace ActorTrain.Persistence.Tests;

/// <summary>Scaled rotary frequencies in a <c>config.json</c>.</summary>
public sealed class HuggingFaceRopeTests : IDisposable
{
    private readonly TestDirectory directory = new();

    private string Target => directory.At("model");

    private string Config => Path.Combine(Target, "config.json");

    public void Dispose() => directory.Dispose();

    [Theory]
    [InlineData("llama linear", """{"rope_type":"linear","factor":4.0}""")]
    [InlineData("llama llama3",
        """{"rope_type":"llama3","factor":8.0,"low_freq_factor":0.1,"high_freq_factor":0.7,"original_max_position_embeddings":5}""")]
    [InlineData("llama yarn, whole",
        """{"rope_type":"yarn","factor":40.0,"beta_fast":2.0,"beta_slow":0.25,"attention_factor":0.9,"original_max_position_embeddings":16,"truncate":false}""")]
    public void The_config_has_the_scaling_of_rotary_frequencies(string shape, string expected)
    {
        Export(shape);
        using var config = JsonDocument.Parse(File.ReadAllText(Config));
        config.RootElement.GetProperty("rope_scaling").GetRawText().Replace("\n", "", StringComparison.Ordinal)
            .Replace(" ", "", StringComparison.Ordinal).ShouldBe(expected);
    }

    /// <summary>As published, in keys of the configuration, and what they mean.</summary>
    public static TheoryData<string, RopeScaling> Scalings => new()
    {
        {
            """{"rope_theta":500000.0,"rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,"rope_type":"llama3"}}""",
            Llama31
        },
        {
            """{"rope_theta":null,"rope_parameters":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,"rope_type":"llama3","rope_theta":500000.0}}""",
            Llama31
        },
        {
            """{"original_max_position_embeddings":8192,"rope_scaling":{"factor":8,"low_freq_factor":1,"high_freq_factor":4,"type":"llama3"}}""",
            Llama31
        },
        { """{"rope_scaling":{"type":"linear","factor":4.0}}""", new RopeScaling { Type = RopeScalingType.Linear, Factor = 4 } },
        {
            """{"rope_scaling":{"type":"linear","factor":4.0},"rope_parameters":{"rope_type":"linear","type":"linear","factor":4}}""",
            new RopeScaling { Type = RopeScalingType.Linear, Factor = 4 }
        },
        { """{"rope_scaling":{"factor":16.0,"original_max_position_embeddings":4096,"type":"yarn","finetuned":true}}""", Yarn(16, 4096) },
        { """{"rope_scaling":{"factor":4.0,"original_max_position_embeddings":32768,"type":"yarn"}}""", Yarn(4, 32_768) },
        { """{"rope_scaling":{"factor":4.0,"type":"yarn"}}""", Yarn(4, 9) },
        {
            """{"rope_scaling":{"rope_type":"yarn","factor":32.0,"original_max_position_embeddings":4096,"beta_fast":16,"beta_slow":2,"truncate":false,"attention_factor":null}}""",
            Yarn(32, 4096) with { BetaFast = 16, BetaSlow = 2, Truncate = false }
        },
        {
            """{"rope_scaling":{"rope_type":"yarn","factor":40,"original_max_position_embeddings":4096,"mscale":1.0,"mscale_all_dim":0.5}}""",
            Yarn(40, 4096) with { AttentionFactor = (0.1 * Math.Log(40) + 1) / (0.05 * Math.Log(40) + 1) }
        },
        {
            """{"rope_scaling":{"rope_type":"yarn","factor":40,"original_max_position_embeddings":4096,"mscale":0.707,"mscale_all_dim":0.707,"attention_factor":1.5}}""",
            Yarn(40, 4096) with { AttentionFactor = 1.5 }
        },
        { """{"rope_scaling":{"rope_type":"yarn","factor":1,"original_max_position_embeddings":4096}}""", Yarn(1, 4096) },
        { """{"rope_scaling":{},"rope_parameters":{"rope_type":"default"}}""", default },
    };

    [Theory]
    [MemberData(nameof(Scalings))]
    public void The_scaling_of_published_models_is_read_and_written_again(string config, RopeScaling expected)
    {
        Export("llama");
        var changed = JsonNode.Parse(File.ReadAllText(Config))!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(config)!.AsObject())
            changed[key] = value?.DeepClone();
        File.WriteAllText(Config, changed.ToJsonString());
        var first = HuggingFaceImport.Read(Target, CanonicalModel.LayoutOf);
        using var weights = first.Weights;
        first.Options.RopeScaling.ShouldBe(expected);
        HuggingFaceExport.Write(first, [], Target, force: true);
        var second = HuggingFaceImport.Read(Target, CanonicalModel.LayoutOf);
        second.Weights.Dispose();
        second.Options.ShouldBe(first.Options);
    }

    private static RopeScaling Llama31 => new()
    {
        Type = RopeScalingType.Llama3,
        Factor = 8,
        OriginalContext = 8192,
        LowFrequencyFactor = 1,
        HighFrequencyFactor = 4,
    };

    private static RopeScaling Yarn(double factor, int original) => new()
    {
        Type = RopeScalingType.Yarn,
        Factor = factor,
        OriginalContext = original,
        BetaFast = 32,
        BetaSlow = 1,
        Truncate = true,
        AttentionFactor = 0.1 * Math.Log(factor) + 1,
    };

    private void Export(string shape)
    {
        var options = HuggingFaceShapes.All[shape];
        var layout = CanonicalModel.LayoutOf(options);
        using var weights = new HostBuffer(layout.Length * sizeof(float));
        weights.Floats().Clear();
        HuggingFaceExport.Write(new HuggingFaceModel(options, layout, weights, 1, 2), [], Target, force: false);
    }
}
