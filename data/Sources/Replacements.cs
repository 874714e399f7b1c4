using System.Text;

namespace ActorTrain.Data.Sources;

/// <summary>Counts the invalid characters of a file that lenient reading replaces by U+FFFD, including those of a decoder.</summary>
internal sealed class Replacements : DecoderFallback
{
    public const char Replacement = '\uFFFD';

    public long Count { get; set; }

    public override int MaxCharCount => 1;

    public override DecoderFallbackBuffer CreateFallbackBuffer() => new OneReplacement(this);

    private sealed class OneReplacement(Replacements all) : DecoderFallbackBuffer
    {
        private bool isGiven = true;

        public override int Remaining => isGiven ? 0 : 1;

        public override bool Fallback(byte[] bytesUnknown, int index)
        {
            all.Count++;
            isGiven = false;
            return true;
        }

        public override char GetNextChar()
        {
            var next = isGiven ? '\0' : Replacement;
            isGiven = true;
            return next;
        }

        public override bool MovePrevious()
        {
            var wasGiven = isGiven;
            isGiven = false;
            return wasGiven;
        }

        public override void Reset() => isGiven = true;
    }
}
