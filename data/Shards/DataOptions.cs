using ActorTrain.Models.Options;

namespace ActorTrain.Data.Shards;

public sealed record DataOptions : IOptions
{
    [Option("folder written by 'actortrain prepare'", Pattern = OptionText.FolderPattern, Expectation = OptionText.Folder,
        MayChangeBecause = "the data may be moved: its checksum must match, not its path")]
    public required string Path { get; init; }
}
