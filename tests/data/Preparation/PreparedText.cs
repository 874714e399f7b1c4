using System.Runtime.InteropServices;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Data.Tests.Preparation;

/// <summary>The text of a prepared folder, read back.</summary>
internal sealed record PreparedText(IReadOnlyList<string> Train, IReadOnlyList<string> Validation)
{
    public static PreparedText Read(string folder, bool isWhole = true)
    {
        using var store = TokenStore.Open(folder);
        store.Verify();
        return new PreparedText(Documents(store, store.Train, isWhole), store.Validation is { } validation ? Documents(store, validation)
            : []);
    }

    public static long[] Tokens(TokenPart part)
    {
        var tokens = new long[part.Tokens];
        part.Read(0, tokens);
        return tokens;
    }

    /// <summary>The documents of a part. An end of text is where a document ends and nowhere else.</summary>
    /// <param name="store">Where.</param>
    /// <param name="part">Which.</param>
    /// <param name="isWhole">Whether no document was divided; of one that was, the half for training ends in none where it is the last
    /// of its part.</param>
    public static List<string> Documents(TokenStore store, TokenPart part, bool isWhole = true)
    {
        var tokens = Tokens(part);
        var documents = new List<string>();
        var name = part == store.Train ? "train-documents.bin" : "held-out-documents.bin";
        var ends = MemoryMarshal.Cast<byte, long>(File.ReadAllBytes(Path.Combine(store.Folder, name))).ToArray();
        ends.Length.ShouldBe((int)part.Documents);
        foreach (var (first, end) in ends.Prepend(0).Zip(ends))
        {
            var ids = tokens[(int)first..(int)end].Select(static id => (int)id).ToArray();
            ids.SkipLast(1).ShouldNotContain(store.Tokenizer.EndOfText);
            if (isWhole || part == store.Validation || end < part.Tokens)
                ids[^1].ShouldBe(store.Tokenizer.EndOfText);
            documents.Add(store.Tokenizer.Decode(ids));
        }

        return documents;
    }
}
