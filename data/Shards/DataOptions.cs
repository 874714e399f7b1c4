using ActorTrain.Models.Options;

namespace ActorTrain.Data.Shards;

/// <summary>What to train on.</summary>
public sealed record DataOptions : IOptions
{
    [Option("folder written by 'actortrain prepare'", Pattern = OptionText.FolderPattern, Expectation = OptionText.Folder,
        MayChangeBecause = "data may be moved; its checksum, not its place, must agree")]
    public required string Path { get; init; }
}
