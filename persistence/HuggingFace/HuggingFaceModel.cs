using ActorTrain.Models;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>A file that goes into an exported directory as it is, such as a tokenizer's.</summary>
/// <param name="Content">Its bytes.</param>
public sealed record ExportedFile(string Name, ReadOnlyMemory<byte> Content);

/// <summary>A model with its weights, as it is exported and imported.</summary>
/// <param name="Options">Its shape.</param>
/// <param name="Layout">Where the parameters stand in <paramref name="Weights"/>.</param>
/// <param name="Weights">Float32 parameters in the canonical layout; its owner disposes of it.</param>
public sealed record HuggingFaceModel(ModelOptions Options, FlatLayout Layout, HostBuffer Weights, int? BeginToken, int? EndToken)
{
    /// <summary>What the files of an imported model say and the import does not take over, in sentences.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];
}
