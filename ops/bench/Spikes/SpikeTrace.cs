using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Actors.Protocol;

namespace ActorTrain.Bench.Spikes;

internal enum CauseKind
{
    Clean,

    /// <summary>Hard, but sound: an alarm is a false one.</summary>
    Harmless,

    Sharp,

    Slow,
}

/// <summary>The signals of some steps of a real run, beginning with its disturbance.</summary>
/// <param name="From">The first step recorded, which is disturbed.</param>
/// <param name="Onset">The first affected step; −1 if there is nothing to find.</param>
/// <param name="Loss">Mean loss of each step, nats per token.</param>
/// <param name="NonFinite">NaN or infinite elements of the gradient, by step; absent if all are zero.</param>
/// <param name="Tensors">Gradient norm of each tensor, by step; absent if not recorded.</param>
internal sealed record SpikeTrace(string Cause, CauseKind Kind, long From, long Onset, double[] Loss, double[] Norm, long[]? NonFinite,
    double[][]? Tensors)
{
    public int Length => Loss.Length;

    public StepSignals Signals(int i) => new()
    {
        Step = From + i,
        Loss = Loss[i],
        GradientNorm = Norm[i],
        NonFinite = NonFinite?[i] ?? 0,
        TensorNorms = [.. Tensors?[i] ?? []],
    };
}

/// <summary>One undisturbed run, and its continuations after disturbances, which share the steps before them.</summary>
/// <param name="Set"><c>tuning</c> or <c>held-out</c>.</param>
internal sealed record SpikeTraces(string Name, string Set, string Description, SpikeTrace Clean, IReadOnlyList<SpikeTrace> Disturbed)
{
    public static string PathOf(string folder, string name) => Path.Combine(folder, name + ".jsonl");

    public static IReadOnlyList<SpikeTraces> ReadAll(string folder) =>
        [.. Directory.GetFiles(folder, "*.jsonl").Order(StringComparer.Ordinal).Select(Read)];

    /// <summary>Writes a file: a line that describes the run, then one per trace, the undisturbed one first.</summary>
    public void Write(string folder)
    {
        using var writer = new StreamWriter(PathOf(folder, Name)) { NewLine = "\n" };
        writer.WriteLine(JsonSerializer.Serialize(new TraceHead(Set, Description), TraceJson.Default.TraceHead));
        foreach (var trace in Disturbed.Prepend(Clean))
            writer.WriteLine(JsonSerializer.Serialize(trace, TraceJson.Default.SpikeTrace));
    }

    private static SpikeTraces Read(string path)
    {
        var lines = File.ReadAllLines(path);
        var head = JsonSerializer.Deserialize(lines[0], TraceJson.Default.TraceHead)!;
        var traces = lines.Skip(1).Select(static line => JsonSerializer.Deserialize(line, TraceJson.Default.SpikeTrace)!).ToList();
        return new SpikeTraces(Path.GetFileNameWithoutExtension(path), head.Set, head.Description, traces[0], traces[1..]);
    }
}

internal sealed record TraceHead(string Set, string Description);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = true,
    UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(TraceHead))]
[JsonSerializable(typeof(SpikeTrace))]
internal sealed partial class TraceJson : JsonSerializerContext;
