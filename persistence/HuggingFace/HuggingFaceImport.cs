using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Files;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>Reads a GPT-2 or Llama model from a directory of Hugging Face's format.</summary>
public static class HuggingFaceImport
{
    private const string IndexFile = "model.safetensors.index.json";

    /// <summary>Reads <c>config.json</c> and <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c>
    /// names.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="layoutOf">The canonical layout of given options.</param>
    /// <returns>The model; bfloat16 and float16 weights are widened to float32. The caller disposes of its buffer.</returns>
    /// <exception cref="UserErrorException">A file is missing or malformed, or describes a model that is not supported; the sentence says
    /// which and why.</exception>
    public static HuggingFaceModel Read(string directory, Func<ModelOptions, FlatLayout> layoutOf)
    {
        ArgumentNullException.ThrowIfNull(layoutOf);
        var files = new List<SafetensorsFile>();
        try
        {
            var configPath = Path.Combine(directory, HuggingFaceConfig.Name);
            if (!File.Exists(configPath))
                throw new UserErrorException($"{directory} holds no {HuggingFaceConfig.Name}; name the directory of a Hugging Face model.");
            var (options, beginToken, endToken) = HuggingFaceConfig.Read(configPath, File.ReadAllBytes(configPath));
            foreach (var path in WeightFiles(directory))
                files.Add(SafetensorsFile.Open(path));

            // Every name and shape is compared before memory is taken for what a config merely claims.
            var sources = Match(directory, options, files);
            var layout = layoutOf(options);
            var weights = new HostBuffer(layout.Length * sizeof(float));
            try
            {
                Fill(sources, layout, weights);
            }
            catch
            {
                weights.Dispose();
                throw;
            }

            return new HuggingFaceModel(options, layout, weights, beginToken, endToken);
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw Disk.Explain(exception, $"Cannot import from {directory}");
        }
        finally
        {
            files.ForEach(static file => file.Dispose());
        }
    }

    private static List<string> WeightFiles(string directory)
    {
        var single = Path.Combine(directory, HuggingFaceExport.WeightsFile);
        if (File.Exists(single))
            return [single];
        var index = Path.Combine(directory, IndexFile);
        if (!File.Exists(index))
            throw new UserErrorException(
                $"{directory} holds neither {HuggingFaceExport.WeightsFile} nor {IndexFile}; get the model in safetensors format.");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(index));
            var names = document.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(static pair => pair.Value.GetString() ?? string.Empty)
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            foreach (var name in names)
            {
                if (name.Length == 0 || name != Path.GetFileName(name))
                    throw new UserErrorException($"{index} names the shard \"{name}\", which is no file name; get the file again.");
                if (!File.Exists(Path.Combine(directory, name)))
                    throw new UserErrorException($"{directory} lacks {name}, which {IndexFile} names; get that file too.");
            }

            return [.. names.Select(name => Path.Combine(directory, name))];
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new UserErrorException($"{index} is no index of shards; get the file again.", exception);
        }
    }

    private static List<(HuggingFaceTensor Tensor, SafetensorsFile File, SafetensorsEntry Entry)> Match(
        string directory, ModelOptions options, List<SafetensorsFile> files)
    {
        var prefix = HuggingFaceNames.PrefixOf(options.Family);
        var found = new Dictionary<string, (SafetensorsFile File, SafetensorsEntry Entry)>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            foreach (var entry in file.Entries)
            {
                // A bare model's names lack the prefix.
                var isFull = entry.Name.StartsWith(prefix, StringComparison.Ordinal) || entry.Name == HuggingFaceNames.Head;
                var name = isFull ? entry.Name : prefix + entry.Name;
                if (!found.TryAdd(name, (file, entry)))
                    throw new UserErrorException(
                        $"{file.Path} holds {entry.Name}, which stands in the model a second time; get the model again.");
            }
        }

        var matched = new List<(HuggingFaceTensor, SafetensorsFile, SafetensorsEntry)>();
        foreach (var tensor in HuggingFaceNames.Of(options))
        {
            if (!found.Remove(tensor.Name, out var source))
                throw new UserErrorException(
                    $"{directory} lacks the tensor {tensor.Name}, which its {HuggingFaceConfig.Name} calls for; get the model again.");
            var (file, entry) = source;
            if (!entry.Shape.SequenceEqual(tensor.Shape))
            {
                throw new UserErrorException(
                    $"In {file.Path} the tensor {entry.Name} is {SafetensorsEntry.Format(entry.Shape)}, but {HuggingFaceConfig.Name} " +
                    $"calls for {SafetensorsEntry.Format(tensor.Shape)}; get both from the same model.");
            }

            if (!FloatConversion.CanWiden(entry.Dtype))
                throw new UserErrorException(
                    $"In {file.Path} the tensor {entry.Name} is {entry.Dtype.HeaderName()}; only F32, BF16 and F16 weights can be " +
                    $"imported.");
            matched.Add((tensor, file, entry));
        }

        var surplus = found.FirstOrDefault(pair => !HuggingFaceNames.IsSurplus(options, pair.Key)).Value;
        return surplus.Entry is null
            ? matched
            : throw new UserErrorException(
                $"{surplus.File.Path} holds the tensor {surplus.Entry.Name}, which a {options.Family} of this {HuggingFaceConfig.Name} " +
                $"does not have; such a model cannot be imported.");
    }

    private static void Fill(
        List<(HuggingFaceTensor Tensor, SafetensorsFile File, SafetensorsEntry Entry)> sources, FlatLayout layout, HostBuffer weights)
    {
        var parameters = layout.Entries.ToDictionary(static entry => entry.Name, StringComparer.Ordinal);
        foreach (var (tensor, file, entry) in sources)
        {
            var destination = (parameters[tensor.Parameter].Offset + tensor.FirstElement) * sizeof(float);
            if (entry.Dtype == SafetensorsDtype.F32 && !tensor.Transposed)
            {
                file.Read(entry, weights, destination);
                continue;
            }

            using var raw = new HostBuffer(entry.ByteCount);
            file.Read(entry, raw, 0);
            if (!tensor.Transposed)
            {
                FloatConversion.Widen(raw, entry.Dtype, weights, destination, tensor.Count);
                continue;
            }

            using var wide = new HostBuffer(tensor.Count * sizeof(float));
            FloatConversion.Widen(raw, entry.Dtype, wide, 0, tensor.Count);
            FloatConversion.Transpose(wide, 0, weights, destination, rows: tensor.Shape[0], columns: tensor.Shape[1]);
        }
    }
}
