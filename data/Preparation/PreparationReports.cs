using ActorTrain.Data.Sources;

namespace ActorTrain.Data.Preparation;

public enum PreparationStage
{
    Dividing,

    /// <summary>Reading the corpus for a sample to train the tokenizer on.</summary>
    Sampling,

    /// <summary>Training the tokenizer, without progress reports.</summary>
    TrainingTokenizer,

    Encoding,
}

/// <param name="Done">Bytes of the files on disk that this stage has read.</param>
/// <param name="Total">Bytes of all files on disk.</param>
public readonly record struct PreparationProgress(PreparationStage Stage, long Done, long Total);

/// <param name="Documents">A divided document counts in both parts.</param>
/// <param name="Bytes">Of text in UTF-8.</param>
/// <param name="Tokens">Including an end of text after each document.</param>
/// <param name="UnigramEntropy">Entropy of the token frequencies, in nats per token.</param>
public sealed record PreparedPart(long Documents, long Bytes, long Tokens, double UnigramEntropy)
{
    public double BytesPerToken => (double)Bytes / Tokens;

    /// <summary>Null for text.</summary>
    public PreparedSequences? Sequences { get; init; }
}

/// <param name="Groups">Chats, pairs, rankings or prompts.</param>
/// <param name="Targets">Tokens that are targets.</param>
/// <param name="Longest">Tokens of the longest sequence.</param>
public sealed record PreparedSequences(long Groups, long Targets, int Longest);

/// <param name="Identity">SHA-256 of all of its data.</param>
/// <param name="Validation">Null if there is none.</param>
public sealed record PreparationSummary(string Folder, string Identity, int VocabularySize, PreparedPart Train, PreparedPart? Validation)
{
    /// <summary>The validation part, in words.</summary>
    public required string Split { get; init; }

    /// <summary>What is in the inputs but not in the data.</summary>
    public required Omissions Omissions { get; init; }
}
