using ActorTrain.Data.Sources;

namespace ActorTrain.Data.Preparation;

public enum PreparationStage
{
    /// <summary>Reading the corpus to choose what of it is for validation.</summary>
    Dividing,

    /// <summary>Reading the corpus for a sample to train the tokenizer on.</summary>
    Sampling,

    /// <summary>Training the tokenizer; no progress is known within it.</summary>
    TrainingTokenizer,

    Encoding,
}

/// <param name="Done">Bytes of the files on disk that this stage has read.</param>
/// <param name="Total">Bytes of all files on disk.</param>
public readonly record struct PreparationProgress(PreparationStage Stage, long Done, long Total);

/// <summary>One part of what was made.</summary>
/// <param name="Documents">Documents; one that is divided counts in both parts.</param>
/// <param name="Bytes">Bytes of text in UTF-8.</param>
/// <param name="Tokens">Tokens, an end of text after each document included.</param>
/// <param name="UnigramEntropy">Entropy of the token frequencies, in nats per token.</param>
public sealed record PreparedPart(long Documents, long Bytes, long Tokens, double UnigramEntropy)
{
    /// <summary>Text bytes per token.</summary>
    public double BytesPerToken => (double)Bytes / Tokens;
}

/// <param name="Identity">SHA-256 that stands for all of its data.</param>
/// <param name="Validation">The part for validation, or null.</param>
public sealed record PreparationSummary(string Folder, string Identity, int VocabularySize, PreparedPart Train, PreparedPart? Validation)
{
    /// <summary>What is for validation, in words.</summary>
    public required string Split { get; init; }

    /// <summary>What the inputs have and the data do not.</summary>
    public required Omissions Omissions { get; init; }
}
