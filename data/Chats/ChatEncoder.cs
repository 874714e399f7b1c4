using System.Buffers;
using System.Text;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Chats;

/// <summary>Encodes chats by a template: text by the tokenizer, special tokens by their ids.</summary>
/// <remarks>
/// <para>Text is encoded in runs that end at special tokens and where the assistant begins and ends, so that each id is wholly a target or
/// not at all, and a prompt has the same ids whether an answer follows or not. No search in text is involved: what a user writes never
/// becomes a special token.</para>
/// <para>Thread-safe, as the tokenizer is.</para>
/// </remarks>
public sealed class ChatEncoder
{
    private readonly ITokenizer tokenizer;
    private readonly Dictionary<string, int> specialIds = new(StringComparer.Ordinal);

    /// <param name="owner">Of the tokenizer, for a sentence, such as a folder.</param>
    /// <exception cref="UserErrorException">The tokenizer lacks special tokens of the template; the sentence names them.</exception>
    public ChatEncoder(ChatTemplate template, ITokenizer tokenizer, string owner)
    {
        Template = template;
        this.tokenizer = tokenizer;
        foreach (var (name, id) in tokenizer.SpecialTokens())
            specialIds.Add(name, id);
        var missing = template.SpecialTokens.Where(name => !specialIds.ContainsKey(name)).ToList();
        var named = ChatTemplate.BuiltIn.Contains(template.Name) ? template.Name : "FILE";
        if (missing.Count > 0)
            throw new UserErrorException(
                $"The tokenizer of {owner} lacks the special tokens of the chat template {template.Name}, {string.Join(", ", missing)}: "
                + $"reserve them when the text for pretraining is prepared (`actortrain prepare --template {named}`), "
                + "or choose --template plain, which needs none.");
    }

    public ChatTemplate Template { get; }

    /// <summary>The id that ends a turn of the assistant, the last of <c>assistant.end</c>: where generation stops.</summary>
    public int EndOfTurn => specialIds[Template.Assistant.End[^1].Special!];

    /// <summary>Encodes a prompt and an answer to it; all turns of the assistant in the answer are targets.</summary>
    /// <param name="lastOnly">Whether only the last turn of the assistant is a target.</param>
    public EncodedSequence Encode(IReadOnlyList<ChatMessage> prompt, IReadOnlyList<ChatMessage> answer, bool lastOnly = false)
    {
        var (sequence, writer) = Begin();
        Write(writer, prompt, answer, i => i >= prompt.Count && (!lastOnly || i == prompt.Count + answer.Count - 1));
        writer.Break();
        return sequence;
    }

    /// <summary>Encodes a prompt up to where the assistant begins; nothing is a target.</summary>
    public EncodedSequence EncodePrompt(IReadOnlyList<ChatMessage> prompt)
    {
        var (sequence, writer) = Begin();
        Write(writer, prompt, [], static _ => false);
        Put(writer, Template.Assistant.Before, isTarget: false);
        writer.Break();
        return sequence;
    }

    private (EncodedSequence, RunWriter) Begin()
    {
        var sequence = new EncodedSequence();
        var writer = new RunWriter(tokenizer, sequence);
        Put(writer, Template.Begin, isTarget: false);
        return (sequence, writer);
    }

    private void Write(RunWriter writer, IReadOnlyList<ChatMessage> prompt, IReadOnlyList<ChatMessage> answer, Func<int, bool> isTarget)
    {
        ChatMessage? held = null;
        foreach (var (i, message) in prompt.Concat(answer).Index())
        {
            switch (message.Role)
            {
                case ChatRole.System when Template.System is { InUser: true }:
                    held = message;
                    break;
                case ChatRole.System:
                    WriteSystem(writer, message);
                    break;
                case ChatRole.User:
                    Put(writer, Template.User.Before, isTarget: false);
                    if (held is not null)
                        WriteSystem(writer, held);
                    held = null;
                    writer.Text(ContentOf(message), isTarget: false);
                    Put(writer, Template.User.After, isTarget: false);
                    break;
                default:
                    WriteAssistant(writer, message, isTarget(i));
                    break;
            }
        }
    }

    private void WriteSystem(RunWriter writer, ChatMessage message)
    {
        var system = Template.System ?? throw new ArgumentException("The template has no system message.", nameof(message));
        Put(writer, system.Before, isTarget: false);
        writer.Text(ContentOf(message), isTarget: false);
        Put(writer, system.After, isTarget: false);
    }

    private void WriteAssistant(RunWriter writer, ChatMessage message, bool isTarget)
    {
        Put(writer, Template.Assistant.Before, isTarget: false);
        writer.Break();
        Put(writer, Template.Assistant.Lead, isTarget);
        writer.Text(ContentOf(message), isTarget);
        Put(writer, Template.Assistant.End, isTarget);
        writer.Break();
        Put(writer, Template.Assistant.After, isTarget: false);
    }

    private string ContentOf(ChatMessage message) => Template.Trim ? message.Content.Trim() : message.Content;

    private void Put(RunWriter writer, EquatableArray<TemplatePiece> pieces, bool isTarget)
    {
        foreach (var piece in pieces)
        {
            if (piece.Special is { } name)
                writer.Special(specialIds[name], isTarget);
            else
                writer.Text(piece.Text!, isTarget);
        }
    }

    /// <summary>Collects a run of text and encodes it where the run ends.</summary>
    private sealed class RunWriter(ITokenizer tokenizer, EncodedSequence sequence)
    {
        private readonly StringBuilder run = new();
        private bool isTargetRun;

        public void Text(string text, bool isTarget)
        {
            isTargetRun = isTarget;
            run.Append(text);
        }

        public void Special(int id, bool isTarget)
        {
            Break();
            sequence.Writer.Write([id]);
            sequence.Mark(isTarget);
        }

        /// <summary>Ends the run.</summary>
        public void Break()
        {
            if (run.Length == 0)
                return;
            tokenizer.Encode(Encoding.UTF8.GetBytes(run.ToString()), sequence.Writer);
            sequence.Mark(isTargetRun);
            run.Clear();
        }
    }
}
