using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>The weights in a model's folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c>
/// names.</summary>
internal static class HuggingFaceWeightFiles
{
    private const string IndexFile = "model.safetensors.index.json";

    /// <param name="files">Receives the opened files, also before an error; the caller disposes of them.</param>
    /// <exception cref="UserErrorException">There are none, or they contradict their index.</exception>
    public static void Open(string directory, List<SafetensorsFile> files)
    {
        const string Single = HuggingFaceExport.WeightsFile;
        var (single, index) = (Path.Combine(directory, Single), Path.Combine(directory, IndexFile));
        if (File.Exists(single) && File.Exists(index))
            throw new UserErrorException(
                $"{directory} has both {Single} and {IndexFile}, so its weights are ambiguous; remove one of them.");
        if (File.Exists(single))
        {
            files.Add(SafetensorsFile.Open(single));
            return;
        }

        if (!File.Exists(index))
            throw new UserErrorException(
                $"{directory} has neither {Single} nor {IndexFile}; download the model in safetensors format.");
        var (shards, totalSize) = ReadIndex(directory, index);
        foreach (var (name, tensors) in shards)
        {
            files.Add(SafetensorsFile.Open(Path.Combine(directory, name)));
            CheckShard(files[^1], tensors);
        }

        var size = files.Sum(static file => file.Entries.Sum(static entry => entry.ByteCount));
        if (totalSize is { } said && said != size)
            throw new UserErrorException($"{index} has total_size: {said}, but the tensors of its shards have {size} bytes; "
                + $"download all from the same model, or correct total_size.");
    }

    /// <summary>A sentence about further weights in the folder, if there are any.</summary>
    public static IEnumerable<string> Surplus(string directory, IEnumerable<SafetensorsFile> used)
    {
        var names = used.Select(static file => Path.GetFileName(file.Path)).ToHashSet(StringComparer.Ordinal);
        var others = Directory.EnumerateFiles(directory, "*.safetensors").Select(static path => Path.GetFileName(path))
            .Where(name => !names.Contains(name)).Order(StringComparer.Ordinal).ToArray();
        if (others.Length > 0)
            yield return $"Not taken over from {directory}: {string.Join(", ", others)}; the weights are those of "
                + $"{(names.Contains(HuggingFaceExport.WeightsFile) ? HuggingFaceExport.WeightsFile : IndexFile)}.";
    }

    private static (SortedDictionary<string, HashSet<string>> Shards, decimal? TotalSize) ReadIndex(string directory, string index)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(index), new JsonDocumentOptions { AllowDuplicateProperties = false });
            var shards = new SortedDictionary<string, HashSet<string>>(StringComparer.Ordinal);
            foreach (var pair in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                var name = pair.Value.GetString() ?? string.Empty;
                if (name.Length == 0 || name != Path.GetFileName(name))
                    throw new UserErrorException($"{index} names the shard \"{name}\", which is not a file name; download the file again.");
                if (!File.Exists(Path.Combine(directory, name)))
                    throw new UserErrorException($"{directory} has no {name}, which {IndexFile} names; download that file too.");
                shards.TryAdd(name, new HashSet<string>(StringComparer.Ordinal));
                shards[name].Add(pair.Name);
            }

            return (shards, Of(Of(document.RootElement, "metadata"), "total_size")?.GetDecimal());
        }
        catch (Exception exception) when
            (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new UserErrorException($"{index} is not a shard index; download the file again.", exception);
        }

        static JsonElement? Of(JsonElement? holder, string key) =>
            holder is { } element && element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private static void CheckShard(SafetensorsFile file, HashSet<string> named)
    {
        if (named.FirstOrDefault(name => file.Find(name) is null) is { } missing)
            throw new UserErrorException($"{file.Path} has no tensor {missing}, which {IndexFile} assigns to it; "
                + $"download both from the same model.");
        if (file.Entries.FirstOrDefault(entry => !named.Contains(entry.Name)) is { } surplus)
            throw new UserErrorException($"{file.Path} has the tensor {surplus.Name}, which {IndexFile} does not assign to it; "
                + $"download both from the same model.");
    }
}
