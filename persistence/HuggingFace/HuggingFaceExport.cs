using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>Writes a model as a directory that Hugging Face transformers loads as GPT2LMHeadModel or LlamaForCausalLM.</summary>
public static class HuggingFaceExport
{
    internal const string WeightsFile = "model.safetensors";
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>Writes <c>config.json</c>, <c>model.safetensors</c> and the given files; the directory is created atomically.</summary>
    /// <param name="model">The layout must have the canonical names and shapes of its options.</param>
    /// <param name="files">Additional files, such as the tokenizer's.</param>
    /// <param name="cancellation">Cancels the export; nothing is left behind.</param>
    /// <exception cref="UserErrorException">The directory exists, or is not a model's, or a disk error; nothing is changed.</exception>
    public static void Write(
        HuggingFaceModel model, IReadOnlyList<ExportedFile> files, string directory, bool force = false,
        CancellationToken cancellation = default)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        var parent = Path.GetDirectoryName(target)
            ?? throw new UserErrorException($"Cannot export to {directory}; name a folder to create.");
        var writing = Path.Combine(parent, $".{Path.GetFileName(target)}.writing");
        var replaced = Path.Combine(parent, $".{Path.GetFileName(target)}.replaced");
        Disk.Attempt($"Cannot export to {directory}", () =>
        {
            // An export that was killed between its two renames left the old model beside its name.
            if (Directory.Exists(replaced) && !Directory.Exists(target))
                Directory.Move(replaced, target);
            CheckTarget(directory, target, force);
            Directory.CreateDirectory(parent);
            Disk.ReplaceFolder(target, writing, replaced, folder => WriteFiles(folder, model, files, cancellation));
        });
    }

    private static void CheckTarget(string directory, string target, bool force)
    {
        if (File.Exists(target))
            throw new UserErrorException($"{directory} is a file; name a folder to create.");
        if (!Directory.Exists(target) || !Directory.EnumerateFileSystemEntries(target).Any())
            return;
        if (!force)
            throw new UserErrorException($"{directory} already exists; choose another name, or pass --force to replace it.");
        if (!File.Exists(Path.Combine(target, HuggingFaceConfig.Name)))
        {
            throw new UserErrorException(
                $"{directory} exists but is not an exported model (it has no {HuggingFaceConfig.Name}), "
                    + $"so it is not replaced; choose another name.");
        }
    }

    private static void WriteFiles(
        string directory, HuggingFaceModel model, IReadOnlyList<ExportedFile> files, CancellationToken cancellation)
    {
        var config = HuggingFaceConfig.Write(model.Options, model.BeginToken, model.EndToken);
        Disk.WriteSynced(Path.Combine(directory, HuggingFaceConfig.Name), config);
        foreach (var file in files)
        {
            if (file.Name is "" or HuggingFaceConfig.Name or WeightsFile || file.Name != Path.GetFileName(file.Name) || file.Name[0] == '.')
                throw new ArgumentException($"\"{file.Name}\" is not a valid file name for an exported model.", nameof(files));
            Disk.WriteSynced(Path.Combine(directory, file.Name), file.Content.Span);
        }

        var parameters = model.Layout.Entries.ToDictionary(static entry => entry.Name, StringComparer.Ordinal);
        var tensors = HuggingFaceNames.Of(model.Options).ToArray();
        var turned = tensors.Where(static tensor => tensor.Transposed).Sum(static tensor => tensor.Count);
        using var transposed = new HostBuffer(turned * sizeof(float));
        long used = 0;
        var slices = new List<TensorSlice>(tensors.Length);
        foreach (var tensor in tensors)
        {
            var source = (parameters[tensor.Parameter].Offset + tensor.FirstElement) * sizeof(float);
            if (tensor.Transposed)
            {
                FloatConversion.Transpose(model.Weights, source, transposed, used, rows: tensor.Shape[1], columns: tensor.Shape[0]);
                slices.Add(new TensorSlice(tensor.Name, SafetensorsDtype.F32, tensor.Shape, transposed, used));
                used += tensor.Count * sizeof(float);
            }
            else
            {
                slices.Add(new TensorSlice(tensor.Name, SafetensorsDtype.F32, tensor.Shape, model.Weights, source));
            }
        }

        SafetensorsWriter.Write(Path.Combine(directory, WeightsFile), slices, Metadata, cancellation: cancellation);
    }
}
