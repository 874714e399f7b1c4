using System.Buffers;
using System.Text;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Generating;

namespace ActorTrain.Host.Tests.Generating;

public sealed class GeneratedTextTests
{
    [Theory]
    [InlineData("no stop text at all", "no stop text at all", "|", "#")]
    [InlineData("one\n\ntwo", "one", "|", "\n\n")]
    [InlineData("one\ntwo\n", "one\ntwo\n", "|", "\n\n")]
    [InlineData("Q: a\nQ: b", "", "|", "Q:")]
    [InlineData("an abacus", "an a", "|", "bac", "abacut")]
    [InlineData("aaab", "a", "|", "aab")]
    [InlineData("äöü", "ä", "|", "ö")]
    [InlineData("a🙂b", "a🙂b", "|", "🙃")]
    public void A_text_is_shown_up_to_a_stop_text_whatever_its_tokens_are(string written, string shown, string _, params string[] stops)
    {
        using var tokenizer = new ByteTokenizer();
        var text = new GeneratedText(tokenizer, stops);
        var parts = new List<string>();
        foreach (var token in tokenizer.Encode(written))
        {
            parts.Add(text.Add(token));
            if (text.IsStopped)
                break;
        }

        text.IsStopped.ShouldBe(shown != written);
        parts.Add(text.End());
        string.Concat(parts).ShouldBe(shown);
        parts.ShouldAllBe(static part => part.Length == 0 || !char.IsLowSurrogate(part[0]));
    }

    [Fact]
    public void Characters_are_shown_as_soon_as_they_are_complete_and_cannot_begin_a_stop_text()
    {
        using var tokenizer = new ByteTokenizer();
        var text = new GeneratedText(tokenizer, ["xyz"]);
        tokenizer.Encode("axöyxyx").Select(text.Add).ShouldBe(["a", "", "x", "ö", "y", "", "", "xy"]);
        text.End().ShouldBe("x");
    }

    [Fact]
    public void Texts_are_printed_in_order_and_the_first_that_is_not_complete_as_it_grows()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var texts = new OrderedTexts(output, "P", 3);
        output.ToString().ShouldBe("P");
        texts.Add(1, "b");
        texts.Add(0, "a");
        output.ToString().ShouldBe("Pa");
        texts.Complete(2);
        texts.Add(1, "B");
        texts.Complete(0);
        output.ToString().ShouldBe("Pa\n---\nPbB");
        texts.Add(1, "!");
        output.ToString().ShouldBe("Pa\n---\nPbB!");
        texts.Complete(1);
        output.ToString().ShouldBe("Pa\n---\nPbB!\n---\nP\n");
    }
}
