using ActorTrain.Models;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>A file that is copied into an exported directory, such as a tokenizer's.</summary>
public sealed record ExportedFile(string Name, ReadOnlyMemory<byte> Content);

/// <summary>A model with its weights, for export and import.</summary>
/// <param name="Weights">Float32 parameters in the canonical layout; its owner disposes of it.</param>
public sealed record HuggingFaceModel(ModelOptions Options, FlatLayout Layout, HostBuffer Weights, int? BeginToken, int? EndToken)
{
    /// <summary>What the import ignored of the model's files, in sentences.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];
}
