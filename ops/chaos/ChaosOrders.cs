using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;

namespace ActorTrain.Chaos;

/// <summary>Instructions to a training process of a disturbed run: the file <c>chaos.json</c> in the run's folder.</summary>
/// <param name="Begun">When the run's first process was started.</param>
public sealed record ChaosOrders(int Parent, DateTimeOffset Begun, ulong Seed, IReadOnlyList<ChaosFault> Faults)
{
    public const string Name = "chaos.json";

    /// <returns>The file's path.</returns>
    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, Name);
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, ChaosJson.Default.ChaosOrders));
        return path;
    }

    /// <exception cref="UserErrorException">They cannot be read.</exception>
    public static ChaosOrders Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ChaosJson.Default.ChaosOrders)
                ?? throw new JsonException("it is null");
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot read fault schedule {path}; it is written by `actortrain chaos`.", exception);
        }
    }
}

/// <summary>Applied faults, in the file <c>chaos.jsonl</c> of the run's folder: written and synced before a fault is applied, so that the
/// next process does not repeat it.</summary>
public sealed class ChaosLog
{
    public const string Name = "chaos.jsonl";

    private readonly string path;

    public ChaosLog(string folder) => path = Path.Combine(folder, Name);

    /// <summary>Applied faults so far; skips a torn last line.</summary>
    public IReadOnlyList<ChaosFired> Read()
    {
        if (!File.Exists(path))
            return [];
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite), Encoding.UTF8);
        var text = reader.ReadToEnd();
        var fired = new List<ChaosFired>();
        foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
            fired.Add(JsonSerializer.Deserialize(line, ChaosJson.Default.ChaosFired)!);
        return fired;
    }

    public void Add(ChaosFired fired)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        file.Write([.. JsonSerializer.SerializeToUtf8Bytes(fired, ChaosJson.Default.ChaosFired), (byte)'\n']);
        file.Flush(flushToDisk: true);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ChaosOrders))]
[JsonSerializable(typeof(ChaosFired))]
public sealed partial class ChaosJson : JsonSerializerContext;
