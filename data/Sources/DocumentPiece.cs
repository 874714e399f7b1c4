namespace ActorTrain.Data.Sources;

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
/// <param name="Text">Valid UTF-8, at least one byte. Owned by the reader: valid until the next piece is requested.</param>
/// <param name="Source">Index of its file in <see cref="DocumentReader.Files"/>.</param>
/// <param name="Offset">In its document, in bytes.</param>
/// <param name="BytesRead">Bytes of all files on disk read so far; for progress.</param>
public readonly record struct DocumentPiece(ReadOnlyMemory<byte> Text, int Source, long Offset, PieceEnd End, long BytesRead)
{
    /// <summary>Whether it is for validation rather than for training.</summary>
    public bool IsValidation { get; init; }

    public bool IsWhole => Offset == 0 && End == PieceEnd.Document;
}
