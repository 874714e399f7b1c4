using System.Text;

namespace ActorTrain.Data.Tasks;

/// <summary>Close the brackets that are open: <c>close ([]{:</c> is <c>})</c>.</summary>
/// <remarks>Beginnings of 6 to 10 brackets, at least one of which is open; all of one length are equally frequent. The reward takes away
/// something for every token.</remarks>
internal sealed class BracketProblems : IProblems
{
    private const string Opening = "([{", Closing = ")]}";
    private const int Shortest = 6, Lengths = 5;
    private readonly LengthClasses classes;

    // continuations[n, d]: of n more brackets, where d are open, so that at least one is open in the end.
    private readonly long[,] continuations = new long[Shortest + Lengths, Shortest + Lengths + 1];

    public BracketProblems(ulong seed)
    {
        for (var open = 1; open < continuations.GetLength(1); open++)
            continuations[0, open] = 1;
        for (var more = 1; more < continuations.GetLength(0); more++)
        {
            for (var open = 0; open + more < continuations.GetLength(1); open++)
            {
                continuations[more, open] =
                    (Opening.Length * continuations[more - 1, open + 1]) + (open > 0 ? continuations[more - 1, open - 1] : 0);
            }
        }

        classes = new LengthClasses(
            seed, Shortest, [.. Enumerable.Range(Shortest, Lengths).Select(length => continuations[length, 0])]);
    }

    public long Count => classes.Count;

    public string Reward => "exact - 0.01*length";

    public string Alphabet => Closing;

    public Problem this[long position]
    {
        get
        {
            var (length, index) = classes[position];
            var (text, open) = (new StringBuilder(), new Stack<char>());
            for (var more = length - 1; more >= 0; more--)
            {
                var (kind, rest) = Math.DivRem(index, continuations[more, open.Count + 1]);
                if (kind < Opening.Length)
                {
                    text.Append(Opening[(int)kind]);
                    open.Push(Closing[(int)kind]);
                    index = rest;
                }
                else
                {
                    index -= Opening.Length * continuations[more, open.Count + 1];
                    text.Append(open.Pop());
                }
            }

            return new Problem($"close {text}:", string.Concat(open));
        }
    }
}
