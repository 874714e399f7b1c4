namespace ActorTrain.Data.Sources;

/// <summary>What a piece of a document ends with.</summary>
public enum PieceEnd
{
    /// <summary>More of the document follows.</summary>
    Open,

    /// <summary>The document continues in the other part of the data: it was divided here.</summary>
    Divided,

    /// <summary>The end of the document.</summary>
    Document,
}

/// <summary>A document of a corpus, or a piece of one that is too large to be read at once.</summary>
/// <param name="Text">Valid UTF-8, at least one byte. The memory is the reader's: it holds until the next piece is asked for.</param>
/// <param name="Source">The file that it is from, by its place among <see cref="DocumentReader.Files"/>.</param>
/// <param name="Offset">Where it begins in its document, in bytes.</param>
/// <param name="BytesRead">Bytes of all files on disk that were read when it was found; for progress.</param>
public readonly record struct DocumentPiece(ReadOnlyMemory<byte> Text, int Source, long Offset, PieceEnd End, long BytesRead)
{
    /// <summary>Whether it is for validation rather than for training.</summary>
    public bool IsValidation { get; init; }

    /// <summary>Whether it is all of its document.</summary>
    public bool IsWhole => Offset == 0 && End == PieceEnd.Document;
}
