using System.Text;

namespace ActorTrain.Host.Generating;

/// <summary>Prints texts that are written side by side one after another: the first that is not complete as it grows, the others once those
/// before them are.</summary>
internal sealed class OrderedTexts
{
    private const string Separator = "---";

    private readonly TextWriter output;
    private readonly string prompt;
    private readonly StringBuilder[] waiting;
    private readonly bool[] isComplete;
    private int printed;

    /// <param name="prompt">Printed before each.</param>
    public OrderedTexts(TextWriter output, string prompt, int texts)
    {
        (this.output, this.prompt) = (output, prompt);
        waiting = [.. Enumerable.Range(0, texts).Select(static _ => new StringBuilder())];
        isComplete = new bool[texts];
        Begin();
    }

    public void Add(int text, string more)
    {
        waiting[text].Append(more);
        if (text == printed)
            Print();
    }

    public void Complete(int text)
    {
        isComplete[text] = true;
        while (printed < isComplete.Length && isComplete[printed])
        {
            output.WriteLine();
            waiting[printed++].Clear();
            if (printed == isComplete.Length)
                break;
            output.WriteLine(Separator);
            Begin();
        }

        output.Flush();
    }

    private void Begin()
    {
        output.Write(prompt);
        Print();
    }

    private void Print()
    {
        output.Write(waiting[printed]);
        waiting[printed].Clear();
        output.Flush();
    }
}
