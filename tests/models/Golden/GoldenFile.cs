using System.Runtime.InteropServices;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Golden;

/// <summary>Numbers of an independent implementation; tests/golden/README.md says what each is and how to compare.</summary>
internal sealed class GoldenFile : IDisposable
{
    private readonly SafetensorsFile file;

    public GoldenFile(string name) =>
        file = SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "golden", name + ".safetensors"));

    public IEnumerable<string> Names(string prefix) =>
        file.Entries.Select(static entry => entry.Name).Where(name => name.StartsWith(prefix, StringComparison.Ordinal));

    public Tensor this[string name]
    {
        get
        {
            var entry = file.Find(name) ?? throw new KeyNotFoundException($"{file.Path} has no tensor {name}.");
            using var buffer = new HostBuffer(entry.ByteCount);
            file.Read(entry, buffer, 0);
            var bytes = buffer.Slice(0, (int)entry.ByteCount);
            long[] shape = [.. entry.Shape];
            return entry.Dtype == SafetensorsDtype.I64
                ? tensor(MemoryMarshal.Cast<byte, long>(bytes).ToArray()).reshape(shape)
                : tensor(MemoryMarshal.Cast<byte, float>(bytes).ToArray()).reshape(shape);
        }
    }

    public static ModelOptions Options(ModelFamily family) => new()
    {
        Family = family,
        Layers = 2,
        Width = 32,
        Heads = 4,
        KeyValueHeads = family == ModelFamily.Gpt2 ? 4 : 2,
        MlpWidth = family == ModelFamily.Gpt2 ? 128 : 96,
        ContextLength = 16,
        VocabularySize = 67,
        TieEmbeddings = family == ModelFamily.Gpt2,
    };

    /// <summary>Parameters of this file under the prefix <c>parameters.</c>, laid out flat.</summary>
    public FlatParameters Parameters(ModelFamily family)
    {
        var parameters = new FlatParameters(ModelLayout.Of(Options(family)));
        using (no_grad())
        {
            foreach (var entry in parameters.Layout.Entries)
                parameters[entry.Name].Parameter.copy_(this["parameters." + entry.Name]);
        }

        parameters.WeightsChanged();
        return parameters;
    }

    /// <summary>The largest difference, as a fraction of the largest expected element.</summary>
    public static double Distance(Tensor actual, Tensor expected)
    {
        actual.shape.ShouldBe(expected.shape);
        return (actual.to(ScalarType.Float64) - expected.to(ScalarType.Float64)).abs().max().item<double>()
               / expected.to(ScalarType.Float64).abs().max().item<double>();
    }

    public void Dispose() => file.Dispose();
}
