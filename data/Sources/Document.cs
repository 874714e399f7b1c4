namespace ActorTrain.Data.Sources;

/// <summary>One document of a corpus: the unit of the held-out split, and what an end-of-text token closes.</summary>
/// <param name="Text">Valid UTF-8, at least one byte. The memory is the reader's: it holds until the next document is asked for.</param>
/// <param name="File">The file it is from.</param>
/// <param name="BytesRead">Bytes of all files on disk that were read when it was found; for progress.</param>
public readonly record struct Document(ReadOnlyMemory<byte> Text, string File, long BytesRead);
