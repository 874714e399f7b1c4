using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>What the log-probabilities of a reference model were computed from.</summary>
/// <param name="Weights">Digest of the model's weights.</param>
/// <param name="Data">Identity of the data.</param>
/// <param name="Precision">Of matrix products.</param>
public sealed record ReferenceSource(string Weights, string Data, string Precision);

/// <summary>The log-probability of each sequence's targets under a frozen model, in nats; computed once per run and kept with it.</summary>
/// <param name="Training">Of each sequence of the training part.</param>
/// <param name="Validation">Of each of the validation part; empty without one.</param>
public sealed record ReferenceScores(ReferenceSource Source, double[] Training, double[] Validation)
{
    private const string IndexName = "index.json", TrainingName = "training.bin", ValidationName = "validation.bin";

    /// <summary>SHA-256 of the scores, in lower-case hexadecimal.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData((byte[])[.. BytesOf(Training), .. BytesOf(Validation)]));

    /// <summary>Reads the scores of a folder.</summary>
    /// <returns>Null if there are none, or if they are of another source or damaged, so that they must be computed.</returns>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public static ReferenceScores? Read(string folder, ReferenceSource source) =>
        Disk.Attempt<ReferenceScores?>($"Cannot read {folder}", () =>
        {
            if (!File.Exists(At(IndexName)))
                return null;
            try
            {
                var index = JsonSerializer.Deserialize(File.ReadAllBytes(At(IndexName)), ReferenceJson.Default.ReferenceIndex);
                if (index?.Source != source)
                    return null;
                var scores = new ReferenceScores(source, NumbersOf(TrainingName), NumbersOf(ValidationName));
                return scores.Digest == index.Sha256 ? scores : null;
            }
            catch (Exception error) when (error is JsonException or FileNotFoundException)
            {
                return null;
            }

            double[] NumbersOf(string name) => MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(At(name))).ToArray();
            string At(string name) => Path.Combine(folder, name);
        });

    /// <summary>Writes them atomically and durably.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void Write(string folder) => Disk.Attempt($"Cannot write {folder}", () => Disk.ReplaceFolder(
        folder, folder + ".writing", folder + ".replaced",
        writing =>
        {
            File.WriteAllBytes(Path.Combine(writing, TrainingName), BytesOf(Training));
            File.WriteAllBytes(Path.Combine(writing, ValidationName), BytesOf(Validation));
            var index = new ReferenceIndex(Source, Digest);
            File.WriteAllBytes(
                Path.Combine(writing, IndexName), JsonSerializer.SerializeToUtf8Bytes(index, ReferenceJson.Default.ReferenceIndex));
        }));

    private static byte[] BytesOf(double[] numbers) => MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();
}

internal sealed record ReferenceIndex(ReferenceSource Source, string Sha256);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ReferenceIndex))]
internal sealed partial class ReferenceJson : JsonSerializerContext;
