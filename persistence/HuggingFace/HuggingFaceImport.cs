using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>Reads a GPT-2 or Llama model from a directory of Hugging Face's format.</summary>
public static class HuggingFaceImport
{
    private const string AdapterFile = "adapter_config.json";

    /// <summary>Reads <c>config.json</c> and <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c>
    /// names.</summary>
    /// <returns>bfloat16 and float16 weights are widened to float32. The caller disposes of the buffer.</returns>
    /// <exception cref="UserErrorException">A file is missing or malformed, or the model is not supported; the message says which and
    /// why.</exception>
    public static HuggingFaceModel Read(string directory, Func<ModelOptions, FlatLayout> layoutOf)
    {
        var files = new List<SafetensorsFile>();
        try
        {
            var configPath = Path.Combine(directory, HuggingFaceConfig.Name);
            if (!File.Exists(configPath))
                throw new UserErrorException($"{directory} has no {HuggingFaceConfig.Name}; name the folder of a Hugging Face model.");
            if (File.Exists(Path.Combine(directory, AdapterFile)))
                throw new UserErrorException($"{directory} has {AdapterFile}, an unmerged adapter; merge it into the model first, "
                    + $"or remove the adapter's files.");
            var said = HuggingFaceConfig.Read(configPath);
            var options = said.Options;
            HuggingFaceWeightFiles.Open(directory, files);

            // All names and shapes are compared before memory is allocated for what a config merely claims.
            var sources = Match(directory, options, files);
            var layout = layoutOf(options);
            var weights = new HostBuffer(layout.Length * sizeof(float));
            try
            {
                Fill(sources, options, layout, weights);
            }
            catch
            {
                weights.Dispose();
                throw;
            }

            return new HuggingFaceModel(options, layout, weights, said.BeginToken, said.EndToken)
            {
                Remarks =
                [
                    .. said.Remarks, .. Contradictions(configPath, said, [.. sources.Select(static source => source.Entry)]),
                    .. HuggingFaceWeightFiles.Surplus(directory, files),
                ],
            };
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
                        $"{file.Path} has {entry.Name}, which is a duplicate in this model; download the model again.");
            }
        }

        var matched = new List<(HuggingFaceTensor, SafetensorsFile, SafetensorsEntry)>();
        foreach (var tensor in HuggingFaceNames.Of(options))
        {
            matched.Add(found.Remove(tensor.Name, out var source) ? Fitting(tensor, source) : throw new UserErrorException(
                $"{directory} has no tensor {tensor.Name}, which its {HuggingFaceConfig.Name} requires; download the model again."));
        }

        if (options.TieEmbeddings && found.Remove(HuggingFaceNames.Head, out var head))
            matched.Add(Fitting(HuggingFaceNames.HeadOf(options), head));
        foreach (var name in HuggingFaceNames.Buffers(options))
        {
            if (found.Remove(name, out var buffer))
                HuggingFaceBuffers.Require(buffer.File, buffer.Entry, options);
        }

        return found.Values.FirstOrDefault() is not { Entry: { } surplus, File: var holder }
            ? matched
            : throw new UserErrorException(
                $"{holder.Path} has the tensor {surplus.Name}, which a {options.Family} of this {HuggingFaceConfig.Name} does not "
                    + $"have; the model cannot be " +
                $"imported.");
    }

    private static (HuggingFaceTensor, SafetensorsFile, SafetensorsEntry) Fitting(HuggingFaceTensor tensor,
        (SafetensorsFile File, SafetensorsEntry Entry) source)
    {
        var (file, entry) = source;
        if (!entry.Shape.SequenceEqual(tensor.Shape))
        {
            throw new UserErrorException(
                $"In {file.Path} the tensor {entry.Name} is {SafetensorsEntry.Format(entry.Shape)}, but {HuggingFaceConfig.Name} " +
                $"requires {SafetensorsEntry.Format(tensor.Shape)}; download both from the same model.");
        }

        return entry.Dtype is { } dtype && FloatConversion.CanWiden(dtype) ? (tensor, file, entry) : throw new UserErrorException(
            $"In {file.Path} the tensor {entry.Name} is {entry.DtypeName}; only F32, BF16 and F16 weights can be imported.");
    }

    // Weights keep their type, whatever type a config declares.
    private static IEnumerable<string> Contradictions(string config, HuggingFaceDescription said, List<SafetensorsEntry> tensors)
    {
        foreach (var (key, dtype) in said.Dtypes)
        {
            var others = tensors.Where(tensor => tensor.Dtype != dtype).ToList();
            if (others.Count > 0)
                yield return $"{config} says {key}: {dtype}, but {others.Count} of {tensors.Count} tensors are "
                    + $"{string.Join(" or ", others.Select(static tensor => tensor.DtypeName).Distinct().Order(StringComparer.Ordinal))}; "
                    + "they are imported as they are.";
        }
    }

    private static void Fill(
        List<(HuggingFaceTensor Tensor, SafetensorsFile File, SafetensorsEntry Entry)> sources, ModelOptions options, FlatLayout layout,
        HostBuffer weights)
    {
        var parameters = layout.Entries.ToDictionary(static entry => entry.Name, StringComparer.Ordinal);
        foreach (var (tensor, file, entry) in sources)
        {
            var destination = (parameters[tensor.Parameter].Offset + tensor.FirstElement) * sizeof(float);
            using var wide = new HostBuffer(tensor.Count * sizeof(float));
            Widen(file, entry, wide, tensor.Count);
            if (FloatConversion.FirstNotFinite(wide, tensor.Count) is { } bad)
            {
                throw new UserErrorException(
                    $"In {file.Path} the tensor {entry.Name} has a non-finite weight at element {bad}; download the model again.");
            }

            if (tensor.Name == HuggingFaceNames.Head && options.TieEmbeddings)
            {
                // The embedding has been read before the head.
                if (!FloatConversion.Equal(wide, weights, destination, tensor.Count))
                {
                    throw new UserErrorException(
                        $"In {file.Path} the tensor {entry.Name} differs from the token embedding, though tie_word_embeddings in "
                            + $"{HuggingFaceConfig.Name} is true " +
                        $"or missing; set it to false, or download the model again.");
                }
            }
            else if (tensor.Transposed)
            {
                FloatConversion.Transpose(wide, 0, weights, destination, rows: tensor.Shape[0], columns: tensor.Shape[1]);
            }
            else
            {
                FloatConversion.Widen(wide, SafetensorsDtype.F32, weights, destination, tensor.Count);
            }
        }
    }

    private static void Widen(SafetensorsFile file, SafetensorsEntry entry, HostBuffer wide, long count)
    {
        if (entry.Dtype == SafetensorsDtype.F32)
        {
            file.Read(entry, wide, 0);
            return;
        }

        using var raw = new HostBuffer(entry.ByteCount);
        file.Read(entry, raw, 0);
        FloatConversion.Widen(raw, entry.Dtype!.Value, wide, 0, count);
    }
}
