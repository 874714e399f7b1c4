using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>What the normalisation of a reward model follows from.</summary>
/// <param name="Weights">Digest of the model's weights.</param>
/// <param name="Data">Identity of the data.</param>
/// <param name="Samples">The first so many sequences of its training part.</param>
/// <param name="Precision">Of matrix products.</param>
public sealed record RewardSource(string Weights, string Data, long Samples, string Precision);

/// <summary>The file with the gain and bias that give a reward model's scores of its reference samples mean 0 and standard deviation 1. It
/// follows from what it was computed from, so a lost one is computed again.</summary>
/// <param name="Step">Of the weights.</param>
public sealed record RewardScale(RewardSource Source, long Step, double Gain, double Bias)
{
    /// <summary>Reads the file.</summary>
    /// <returns>Null if there is none, or it is damaged.</returns>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public static RewardScale? Read(string path) => Disk.Attempt<RewardScale?>($"Cannot read {path}", () =>
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), RewardJson.Default.RewardScale) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    });

    /// <summary>Writes it atomically and durably.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void Write(string path) => Disk.Attempt($"Cannot write {path}", () =>
        Disk.Replace(path, [.. JsonSerializer.SerializeToUtf8Bytes(this, RewardJson.Default.RewardScale), (byte)'\n']));
}

[JsonSourceGenerationOptions(WriteIndented = true, NewLine = "\n", PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(RewardScale))]
internal sealed partial class RewardJson : JsonSerializerContext;
