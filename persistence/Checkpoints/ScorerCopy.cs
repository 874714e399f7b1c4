using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>What a reward model is besides its weights.</summary>
/// <param name="Gain">Of the normalised score: gain · score + bias.</param>
/// <param name="Precision">Of its matrix products.</param>
public sealed record ScorerFacts(ModelOptions Model, double Gain, double Bias, string Precision);

/// <summary>A run's own copy of the reward model that scores its rollouts, so that it does not depend on that model's run.</summary>
/// <param name="Digest">As <see cref="DigestOf"/>.</param>
public sealed record ScorerCopy(string Folder, string Digest)
{
    private const string FactsName = "scorer.json";

    private string FactsPath => Path.Combine(Folder, FactsName);

    public bool Exists => File.Exists(FactsPath);

    /// <summary>SHA-256 of everything that a score depends on, 64 lower-case hexadecimal digits.</summary>
    /// <param name="weights">Their <see cref="WeightsDigest"/>.</param>
    public static string DigestOf(string weights, ScorerFacts facts) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{weights} {facts.Gain:R} {facts.Bias:R} {facts.Precision}"))));

    /// <summary>Writes it durably; a kill in between leaves none.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void Write(FlatLayout layout, HostBuffer weights, ScorerFacts facts)
    {
        new BaseWeights(Folder, WeightsDigest.Of(layout, weights)).Write(layout, weights);
        Disk.Attempt($"Cannot write {FactsPath}", () =>
            Disk.Replace(FactsPath, JsonSerializer.SerializeToUtf8Bytes(facts, ScorerJson.Default.ScorerFacts)));
    }

    /// <summary>Reads it and verifies its digest.</summary>
    /// <returns>The weights are owned by the caller.</returns>
    /// <exception cref="UserErrorException">It cannot be read, or is damaged.</exception>
    public (ScorerFacts Facts, HostBuffer Weights) Read(Func<ModelOptions, FlatLayout> layoutOf)
    {
        var facts = Disk.Attempt($"Cannot read {FactsPath}", () =>
        {
            try
            {
                return JsonSerializer.Deserialize(File.ReadAllBytes(FactsPath), ScorerJson.Default.ScorerFacts);
            }
            catch (JsonException)
            {
                return null;
            }
        }) ?? throw Damaged();
        var layout = layoutOf(facts.Model);
        var weights = BaseWeights.ReadUnchecked(Folder, layout);
        if (DigestOf(WeightsDigest.Of(layout, weights), facts) == Digest)
            return (facts, weights);
        weights.Dispose();
        throw Damaged();
    }

    private UserErrorException Damaged() => new(
        $"The reward model in {Folder} is damaged; delete that folder and run again with the reward model in its place, or start another "
        + "run.");
}

[JsonSourceGenerationOptions(WriteIndented = true, NewLine = "\n", PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(ScorerFacts))]
internal sealed partial class ScorerJson : JsonSerializerContext;
